import type { Logger } from '../observability/log.js';
import type { Systemd } from '../observability/systemd.js';
import type { Progress } from './progress.js';
import type { Status } from './status.js';

export interface SupervisionOptions {
  readonly systemd: Pick<Systemd, 'tell' | 'watchdog'>;
  readonly progress: Pick<Progress, 'stuck'>;
  readonly status: () => Status;
  readonly log: Logger;
}

/** Milliseconds between two looks where no watchdog asks for more. */
const INTERVAL = 15_000;

/**
 * Keeps systemd informed, and feeds its watchdog as long as there is progress; without, systemd starts the daemon anew.
 */
export class Supervision {
  readonly #options: SupervisionOptions;
  #timer: NodeJS.Timeout | undefined;
  #stuck = false;

  constructor(options: SupervisionOptions) {
    this.#options = options;
  }

  /** Everything else has started. */
  start(): void {
    const { systemd, status } = this.#options;
    void systemd.tell('READY=1', `STATUS=${describe(status())}`);
    // Three looks may be late or lost.
    this.#timer = setInterval(
      () => this.#look(),
      Math.min(INTERVAL, (systemd.watchdog ?? Number.POSITIVE_INFINITY) / 4),
    );
  }

  /** The first to hear that the daemon stops. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#options.systemd.tell('STOPPING=1');
  }

  #look(): void {
    const { systemd, progress, status, log } = this.#options;
    const { stuck } = progress;
    if (stuck && !this.#stuck) log.error('cameras are live, but no frame is judged; systemd will restart the daemon');
    this.#stuck = stuck;
    if (stuck) void systemd.tell('STATUS=no frame is judged');
    else if (systemd.watchdog === undefined) void systemd.tell(`STATUS=${describe(status())}`);
    else void systemd.tell('WATCHDOG=1', `STATUS=${describe(status())}`);
  }
}

/** One line for `systemctl status`. */
function describe({ cameras, models, mqtt }: Status): string {
  const live = cameras.filter(({ state }) => state === 'live').length;
  const alerts = cameras.filter(({ openAlert }) => openAlert !== null).map(({ name }) => name);
  const judging = models.map(({ name, version }) => `model ${name} ${version}`).join(', ');
  const broker = mqtt && !mqtt.connected ? '; the broker is not reached' : '';
  const alarm = alerts.length > 0 ? `; alert: ${alerts.join(', ')}` : '';
  return `${live} of ${cameras.length} cameras live; ${judging}${broker}${alarm}`;
}
