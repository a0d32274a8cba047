import { interruptibly } from '../../common/abort.js';
import { KdadError } from '../../common/errors.js';
import type { Bundle } from '../../method/bundle/read.js';
import { readSelfTest } from '../../method/bundle/self-test.js';
import { sameShape } from '../../method/images/framing.js';
import {
  InferenceProcess,
  type InferenceProcessOptions,
  type JudgedBatch,
  type JudgeRequest,
} from './inference-process.js';

type Options = Omit<InferenceProcessOptions, 'source' | 'selfTest'>;

interface Loaded {
  readonly bundle: Bundle;
  readonly process: InferenceProcess;
}

/** The detector that judges: a bundle in an inference process, whose place another one can take while frames come. */
export class LiveDetector {
  readonly #options: Options;
  #first: Bundle;
  #stopping = new AbortController();
  #loaded: Loaded | undefined;
  #judging: Promise<unknown> = Promise.resolve();
  #swapping: Promise<unknown> = Promise.resolve();

  constructor(bundle: Bundle, options: Options) {
    this.#first = bundle;
    this.#options = options;
  }

  /** The bundle that judges the next batch. */
  get bundle(): Bundle {
    return this.#loaded?.bundle ?? this.#first;
  }

  /** Whether it can judge a batch at once; not while its process is started or replaced. */
  get ready(): boolean {
    return this.#loaded?.process.ready ?? false;
  }

  /**
   * Resolves when the detector is loaded and has passed its self-test.
   * @param bundle instead of the one that it was made with
   * @throws KdadError INFERENCE_FAILED, DEVICE_UNUSABLE, IMAGE_UNREADABLE, INTERRUPTED
   */
  async start(signal?: AbortSignal, bundle = this.#first): Promise<void> {
    this.#first = bundle;
    this.#stopping = new AbortController();
    this.#loaded = await this.#load(bundle, signal);
  }

  /** Ends at once: a batch in flight is lost, and so is a bundle that is being loaded. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loaded?.process.stop();
    await this.#swapping.catch(() => {});
    await this.#loaded?.process.stop();
  }

  /**
   * Judges one batch by `bundle` as it is now; call it again only after it has settled.
   * @throws KdadError INFERENCE_FAILED when the batch is lost; the next call goes to a new process
   */
  judge(request: JudgeRequest): Promise<JudgedBatch> {
    if (!this.#loaded) return Promise.reject(new KdadError('INFERENCE_FAILED', 'the detector is not started'));
    const judging = this.#loaded.process.judge(request);
    this.#judging = judging.catch(() => {});
    return judging;
  }

  /**
   * Another bundle takes over. Its process is started and tested first while the old one goes on judging; when anything
   * fails, the old one stays.
   *
   * @param commit called when it has passed its test, before it takes over; when it throws, the old one stays
   * @throws KdadError BUNDLE_UNSUPPORTED for one with another input size, INFERENCE_FAILED, IMAGE_UNREADABLE,
   *   INTERRUPTED by `stop` or the signal
   */
  swap(bundle: Bundle, commit: () => Promise<void> = async () => {}, signal?: AbortSignal): Promise<void> {
    const swapped = this.#swapping.catch(() => {}).then(() => this.#swap(bundle, commit, signal));
    this.#swapping = swapped;
    return swapped;
  }

  async #swap(bundle: Bundle, commit: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    const [height, width] = bundle.manifest.preprocessing.size;
    const { aspect, size } = this.bundle.manifest.preprocessing;
    const [oldHeight, oldWidth] = size;
    if (!sameShape(aspect, bundle.manifest.preprocessing.aspect)) {
      const message = `${bundle.directory}: its pictures have another shape than those of the model in use: restart the daemon`;
      throw new KdadError('BUNDLE_UNSUPPORTED', message);
    }
    if (height !== oldHeight || width !== oldWidth) {
      const sizes = `${width} x ${height}, while the cameras deliver ${oldWidth} x ${oldHeight}: restart the daemon`;
      throw new KdadError('BUNDLE_UNSUPPORTED', `${bundle.directory}: expects frames of ${sizes}`);
    }
    const loaded = await this.#load(bundle, signal);
    try {
      await commit();
    } catch (error) {
      await loaded.process.stop();
      throw error;
    }
    const old = this.#loaded;
    this.#loaded = loaded;
    // Its last batch is judged, or lost with it.
    await interruptibly(this.#judging, this.#stopping.signal).catch(() => {});
    await old?.process.stop();
  }

  async #load(bundle: Bundle, signal?: AbortSignal): Promise<Loaded> {
    const selfTest = await readSelfTest(bundle);
    const process = new InferenceProcess({ ...this.#options, source: bundle, selfTest });
    const stopping = this.#stopping.signal;
    try {
      await process.start(signal ? AbortSignal.any([signal, stopping]) : stopping);
    } catch (error) {
      await process.stop();
      throw error;
    }
    return { bundle, process };
  }
}
