import type { Writable } from 'node:stream';
import type { FedFormat } from './codec.js';
import type { DamageReason } from './damage.js';

export type OnRecovery = (step: 'begins' | 'ends') => void;

/** A network camera that we read ourselves: ffmpeg only decodes what it sends. */
export interface Feed {
  /** What `play` writes. */
  readonly format: FedFormat;
  /** It sends pictures only as often as wanted, so that nothing has to be left out. */
  readonly paced?: boolean;
  /**
   * Has the camera send, and writes that to `output`, which is ended when the camera or `close` ends it.
   *
   * @param onWithheld told of each picture that is not written, because it is damaged for this reason, or because it
   *   needs one that is
   * @param onRecovery told when pictures are written again after damage that are not yet whole, each bringing a part,
   *   and when they are whole
   * @throws KdadError CAMERA_FAILED when the camera ends it by an error
   */
  play(output: Writable, onWithheld?: (reason?: DamageReason) => void, onRecovery?: OnRecovery): Promise<void>;
  /** Why no picture may have come so far, where the feed knows. */
  readonly doubt?: string;
  /** Ends the session (RTSP: TEARDOWN) without waiting for the reply. */
  close(): void;
}
