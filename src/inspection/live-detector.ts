import type { Bundle } from '../bundle/read.js';
import { readSelfTest } from '../bundle/self-test.js';
import { sameShape } from '../data/framing.js';
import { KdadError } from '../errors.js';
import { InferenceProcess, type InferenceProcessOptions, type Judged, type JudgeRequest } from './inference-process.js';

type Options = Omit<InferenceProcessOptions, 'source' | 'selfTest'>;

interface Loaded {
  readonly bundle: Bundle;
  readonly process: InferenceProcess;
}

/** The detector that judges: a bundle in an inference process, whose place another one can take while frames come. */
export class LiveDetector {
  readonly #options: Options;
  #first: Bundle;
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
   * @throws KdadError INFERENCE_FAILED, DEVICE_UNUSABLE, IMAGE_UNREADABLE
   */
  async start(): Promise<void> {
    this.#loaded = await this.#load(this.#first);
  }

  async stop(): Promise<void> {
    await this.#swapping.catch(() => {});
    await this.#loaded?.process.stop();
  }

  /**
   * Judges one batch by `bundle` as it is now; call it again only after it has settled.
   * @throws KdadError INFERENCE_FAILED when the batch is lost; the next call goes to a new process
   */
  judge(request: JudgeRequest): Promise<Judged> {
    if (!this.#loaded) throw new KdadError('INFERENCE_FAILED', 'the detector is not started');
    const judging = this.#loaded.process.judge(request);
    this.#judging = judging.catch(() => {});
    return judging;
  }

  /**
   * Another bundle takes over. Its process is started and tested first while the old one goes on judging; when anything fails, the old one
   * stays.
   *
   * @param commit called when it has passed its test, before it takes over; when it throws, the old one stays
   * @throws KdadError BUNDLE_UNSUPPORTED for one with another input size, INFERENCE_FAILED, IMAGE_UNREADABLE
   */
  swap(bundle: Bundle, commit: () => Promise<void> = async () => {}): Promise<void> {
    const swapped = this.#swapping.catch(() => {}).then(() => this.#swap(bundle, commit));
    this.#swapping = swapped;
    return swapped;
  }

  async #swap(bundle: Bundle, commit: () => Promise<void>): Promise<void> {
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
    const loaded = await this.#load(bundle);
    try {
      await commit();
    } catch (error) {
      await loaded.process.stop();
      throw error;
    }
    const old = this.#loaded;
    this.#loaded = loaded;
    await this.#judging;
    await old?.process.stop();
  }

  async #load(bundle: Bundle): Promise<Loaded> {
    const selfTest = await readSelfTest(bundle);
    const process = new InferenceProcess({ ...this.#options, source: bundle, selfTest });
    try {
      await process.start();
    } catch (error) {
      await process.stop();
      throw error;
    }
    return { bundle, process };
  }
}
