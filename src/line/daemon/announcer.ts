import type { AlertEvent } from '../inspection/alerts.js';
import type { MqttPublisher } from '../publish/mqtt-publisher.js';
import { Illustrator, type IllustratorOptions } from './illustrator.js';

export interface AnnouncerOptions extends IllustratorOptions {
  readonly publisher?: Pick<MqttPublisher, 'alert' | 'heatmap'>;
}

/** Tells of alerts everywhere: log, metrics, MQTT with a heatmap, and the evidence on disk. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  /** One for each alert that is open. */
  readonly #illustrators = new Map<string, Illustrator>();
  /** Pictures that are being drawn and written. */
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  announce(event: AlertEvent): void {
    const { metrics, log, publisher } = this.#options;
    const { camera, kind, id, peak } = event;
    if (kind === 'opened') metrics.alerts.inc({ camera });
    metrics.alertOpen.set({ camera }, kind === 'closed' ? 0 : 1);
    const { ratio, scene } = peak.verdict;
    log[kind === 'opened' ? 'warn' : 'info']({ camera, alert: id, ratio, scene }, `alert ${kind}`);
    void publisher?.alert(event);
    this.#follow(this.#illustratorOf(event).illustrate(event));
  }

  /** Resolves when everything that was announced is on its way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #illustratorOf({ id, kind }: AlertEvent): Illustrator {
    const illustrator = this.#illustrators.get(id) ?? new Illustrator(this.#options);
    if (kind === 'closed') this.#illustrators.delete(id);
    else this.#illustrators.set(id, illustrator);
    return illustrator;
  }

  #follow(work: Promise<void>): void {
    const done = work.finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }
}
