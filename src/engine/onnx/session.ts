import { Session } from './runtime.js';

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
  readonly #session: Session;
  readonly #frameShape: readonly number[];

  private constructor(session: Session) {
    this.#session = session;
    this.#frameShape = session.inputShape('frames').slice(1);
  }

  /**
   * @param model the file's path, or its bytes
   * @throws KdadError ENGINE_FAILED
   */
  static async load(model: string | Uint8Array, options: { threads?: number } = {}): Promise<DetectorSession> {
    return new DetectorSession(await Session.open(model, options));
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
