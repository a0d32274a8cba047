import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What systemd hears, see sd_notify(3). */
export type Notice = 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1' | `STATUS=${string}`;

/** Milliseconds after which a message is given up. */
const TIMEOUT = 5000;

/**
 * Tells systemd how the daemon is. Node has no datagram sockets for local addresses, so systemd's own tool sends the
 * messages, which takes some milliseconds; the unit has to accept them from it (`NotifyAccess=all`).
 */
export class Systemd {
  /**
   * Milliseconds within which the watchdog wants to hear of us each time; undefined when none watches
   * (sd_watchdog_enabled(3)).
   */
  readonly watchdog: number | undefined;
  readonly #onFailure: (error: Error) => void;
  #sending: Promise<unknown> = Promise.resolve();
  #failed = false;

  private constructor(watchdog: number | undefined, onFailure: (error: Error) => void) {
    this.watchdog = watchdog;
    this.#onFailure = onFailure;
  }

  /**
   * @param onFailure told once when messages do not arrive
   * @returns undefined where systemd did not start this process, or does not want to hear of it
   */
  static of(environment: NodeJS.ProcessEnv, onFailure: (error: Error) => void): Systemd | undefined {
    const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = environment;
    if (!NOTIFY_SOCKET) return undefined;
    const meant = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
    const microseconds = Number(WATCHDOG_USEC);
    return new Systemd(meant && microseconds > 0 ? microseconds / 1000 : undefined, onFailure);
  }

  /** One message after the other. Resolves when systemd has got it, or it was given up. */
  tell(...notices: Notice[]): Promise<void> {
    const sent = this.#sending.then(() => this.#send(notices));
    this.#sending = sent;
    return sent;
  }

  async #send(notices: readonly Notice[]): Promise<void> {
    try {
      await promisify(execFile)('systemd-notify', notices, { timeout: TIMEOUT });
    } catch (error) {
      if (!this.#failed) this.#onFailure(error as Error);
      this.#failed = true;
    }
  }
}
