import { KdadError } from '../../common/errors.js';
import type { Frame } from '../camera/frame.js';
import type { Verdict } from './verdict.js';

interface Request {
  resolve(verdict: Verdict): void;
  reject(error: KdadError): void;
}

/** Verdicts on the next frame of a camera, for whoever asks for them and waits. */
export class RequestedVerdicts {
  /** Wait for the next frame of a camera. */
  readonly #waiting = new Map<string, Set<Request>>();
  /** Wait for the verdict on a frame that came. */
  readonly #underWay = new Map<string, Set<Request>>();

  /** Whether somebody waits for a frame that has just come: then it has to be judged. */
  takes(frame: Frame): boolean {
    const requests = this.#waiting.get(frame.camera);
    if (!requests) return false;
    this.#waiting.delete(frame.camera);
    this.#underWay.set(keyOf(frame), requests);
    return true;
  }

  judged(verdict: Verdict): void {
    for (const request of this.#taken(verdict)) request.resolve(verdict);
  }

  dropped(frame: Frame, reason: string): void {
    const message = `camera ${frame.camera}: the frame was dropped (${reason})`;
    for (const request of this.#taken(frame)) request.reject(new KdadError('COMMAND_FAILED', message));
  }

  /**
   * The verdict on the next frame of a camera.
   * @param signal ends the waiting
   * @throws KdadError COMMAND_FAILED when the frame was dropped, or when none was judged until the signal
   */
  async ask(camera: string, signal: AbortSignal): Promise<Verdict> {
    const { promise, request } = newRequest();
    const requests = this.#waiting.get(camera) ?? new Set();
    this.#waiting.set(camera, requests.add(request));
    const giveUp = () => {
      requests.delete(request);
      if (requests.size === 0 && this.#waiting.get(camera) === requests) this.#waiting.delete(camera);
      request.reject(new KdadError('COMMAND_FAILED', `camera ${camera}: no frame was judged in time`));
    };
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  #taken(frame: { readonly camera: string; readonly sequence: number }): Iterable<Request> {
    const key = keyOf(frame);
    const requests = this.#underWay.get(key) ?? [];
    this.#underWay.delete(key);
    return requests;
  }
}

const keyOf = ({ camera, sequence }: { readonly camera: string; readonly sequence: number }): string =>
  `${camera} ${sequence}`;

function newRequest(): { readonly promise: Promise<Verdict>; readonly request: Request } {
  let request!: Request;
  const promise = new Promise<Verdict>((resolve, reject) => {
    request = { resolve, reject };
  });
  return { promise, request };
}
