import { openOn } from './device.js';
import { Session, type SessionOptions } from './runtime.js';

/** What the detector says of a batch of frames. */
export interface Detection {
  /** One a frame: the largest value of its anomaly map. */
  readonly scores: Float32Array;
  /** All anomaly maps, one after the other: batch x height x width. */
  readonly maps: Float32Array;
  /** Height and width of one map. */
  readonly mapSize: readonly [number, number];
}

/** A bundle's `detector.onnx`, ready to judge frames. Needs onnxruntime alone: no TensorFlow.js is loaded. */
export class DetectorSession {
  /** What it runs on, and why that is not the GPU that this machine was set up for. */
  readonly device: string;
  readonly passedOver?: string;
  readonly threads: number;
  readonly #session: Session;
  readonly #frameShape: readonly number[];

  private constructor(session: Session, device: string, passedOver: string | undefined) {
    this.device = device;
    this.passedOver = passedOver;
    this.threads = session.threads;
    this.#session = session;
    this.#frameShape = session.inputShape('frames').slice(1);
  }

  /**
   * @param model the file's path, or its bytes
   * @param options `device` as `devicePattern`, the processor when left out. On another one a black frame is judged at
   *   once, to see that it is used.
   * @throws KdadError ENGINE_FAILED, DEVICE_UNUSABLE
   */
  static async load(
    model: string | Uint8Array,
    { threads, device: asked = 'cpu', spinning }: Omit<SessionOptions, 'unfit'> = {},
  ): Promise<DetectorSession> {
    const { opened, device, passedOver } = await openOn(asked, async (device) => {
      const session = await Session.open(model, { threads, device, spinning });
      if (device !== 'cpu') await judgeBlackFrame(session);
      return session;
    });
    return new DetectorSession(opened, device, passedOver);
  }

  /**
   * @param frames uint8 RGB, batch x height x width x 3, at the size of the bundle's preprocessing
   * @throws KdadError ENGINE_FAILED
   */
  async run(frames: Uint8Array, batch: number): Promise<Detection> {
    const results = await this.#session.run({ frames: { data: frames, shape: [batch, ...this.#frameShape] } });
    const [, height, width] = results.anomaly_map.shape;
    return {
      scores: results.score.data as Float32Array,
      maps: results.anomaly_map.data as Float32Array,
      mapSize: [height, width],
    };
  }

  dispose(): Promise<void> {
    return this.#session.close();
  }
}

async function judgeBlackFrame(session: Session): Promise<void> {
  const shape = [1, ...session.inputShape('frames').slice(1)];
  try {
    await session.run({ frames: { shape, data: new Uint8Array(shape.reduce((product, n) => product * n)) } });
  } catch (error) {
    await session.close();
    throw error;
  }
}
