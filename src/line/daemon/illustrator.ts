import type { EvidenceFolder } from '../evidence/evidence-folder.js';
import { keepEvidence } from '../evidence/keeper.js';
import type { AlertEvent } from '../inspection/alerts.js';
import { renderOverlay } from '../inspection/heatmap.js';
import type { JudgedFrame } from '../inspection/verdict.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import type { MqttPublisher } from '../publish/mqtt-publisher.js';
import { alertPayload, type ModelName } from '../publish/topics.js';

export interface IllustratorOptions {
  readonly metrics: Metrics;
  readonly log: Logger;
  /** The bundle that judges a camera now. */
  readonly model: (camera: string) => ModelName;
  readonly publisher?: Pick<MqttPublisher, 'heatmap'>;
  readonly evidence?: EvidenceFolder;
}

/**
 * Illustrates one alert: draws each peak once, for MQTT and for the evidence. The events of the alert take their turns,
 * so that the last one wins. A picture that fails is told, and costs nothing but itself.
 */
export class Illustrator {
  readonly #options: IllustratorOptions;
  #drawn: { readonly peak: JudgedFrame; readonly overlay: Buffer | undefined } | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: IllustratorOptions) {
    this.#options = options;
  }

  /** Resolves when it has been drawn, and is on its way. */
  illustrate(event: AlertEvent): Promise<void> {
    // Another version may judge by the time that it is drawn.
    const json = alertPayload(event, this.#options.model(event.camera));
    this.#turn = this.#turn.then(() => this.#illustrate(event, json));
    return this.#turn;
  }

  async #illustrate(event: AlertEvent, json: string): Promise<void> {
    const overlay = await this.#draw(event);
    if (overlay && event.kind !== 'closed') await this.#send(event, overlay);
    await this.#keep(event, json, overlay);
  }

  async #draw({ id, peak }: AlertEvent): Promise<Buffer | undefined> {
    if (this.#drawn?.peak === peak) return this.#drawn.overlay;
    const { frame, map, verdict } = peak;
    let overlay: Buffer | undefined;
    try {
      overlay = map && (await renderOverlay({ ...frame, map, threshold: verdict.threshold }));
    } catch (error) {
      this.#options.log.error(
        { alert: id, reason: (error as Error).message },
        'the overlay of an alert cannot be drawn',
      );
    }
    this.#drawn = { peak, overlay };
    return overlay;
  }

  async #send(event: AlertEvent, overlay: Buffer): Promise<void> {
    const { publisher, log } = this.#options;
    try {
      await publisher?.heatmap(event, overlay);
    } catch (error) {
      log.error({ alert: event.id, reason: (error as Error).message }, 'the heatmap of an alert cannot be published');
    }
  }

  async #keep(event: AlertEvent, json: string, overlay: Buffer | undefined): Promise<void> {
    const { metrics, log, evidence } = this.#options;
    if (!evidence) return;
    try {
      const folder = await keepEvidence(evidence, event, json, overlay);
      if (folder === undefined) {
        metrics.evidenceSkipped.inc({ reason: 'full' });
        log.warn({ alert: event.id }, 'evidence is not written: the disk has less room than evidence.minFree');
      }
    } catch (error) {
      metrics.evidenceSkipped.inc({ reason: 'failed' });
      log.error({ alert: event.id, reason: (error as Error).message }, 'evidence cannot be written');
    }
    metrics.evidenceBytes.set(evidence.size);
  }
}
