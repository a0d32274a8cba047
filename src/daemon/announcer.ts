import type { EvidenceFolder } from '../evidence/evidence-folder.js';
import { keepEvidence } from '../evidence/keeper.js';
import type { AlertEvent } from '../inspection/alerts.js';
import { renderOverlay } from '../inspection/heatmap.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import type { MqttPublisher } from '../publish/mqtt-publisher.js';
import { alertPayload, type ModelName } from '../publish/topics.js';

export interface AnnouncerOptions {
  readonly metrics: Metrics;
  readonly log: Logger;
  /** The bundle that judges a camera now. */
  readonly model: (camera: string) => ModelName;
  readonly publisher?: MqttPublisher;
  readonly evidence?: EvidenceFolder;
}

/** Tells of alerts everywhere: log, metrics, MQTT with a heatmap, and the evidence on disk. */
export class Announcer {
  readonly #options: AnnouncerOptions;
  /** Pictures that are being drawn and written. */
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: AnnouncerOptions) {
    this.#options = options;
  }

  announce(event: AlertEvent): void {
    const { metrics, log, publisher, evidence } = this.#options;
    const { camera, kind, id, peak } = event;
    if (kind === 'opened') metrics.alerts.inc({ camera });
    metrics.alertOpen.set({ camera }, kind === 'closed' ? 0 : 1);
    log[kind === 'opened' ? 'warn' : 'info']({ camera, alert: id, ratio: peak.verdict.ratio }, `alert ${kind}`);
    void publisher?.alert(event);
    if (publisher && kind !== 'closed') this.#follow(this.#sendHeatmap(event, publisher));
    if (evidence) this.#follow(this.#keep(event, evidence));
  }

  /** Resolves when everything that was announced is on its way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #follow(work: Promise<void>): void {
    const done = work.finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  async #sendHeatmap(event: AlertEvent, publisher: MqttPublisher): Promise<void> {
    const { frame, map, verdict } = event.peak;
    if (!map) return;
    const heatmap = { ...frame, map, threshold: verdict.threshold };
    await publisher.heatmap(event, await renderOverlay(heatmap));
  }

  async #keep(event: AlertEvent, evidence: EvidenceFolder): Promise<void> {
    const { metrics, log, model } = this.#options;
    try {
      const folder = await keepEvidence(evidence, event, alertPayload(event, model(event.camera)));
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
