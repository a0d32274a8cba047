import { Counter, collectDefaultMetrics, Gauge, Histogram, type Metric, Registry } from 'prom-client';
import { damageReasons } from '../camera/damage.js';
import { frameScenes } from '../inspection/frame-scene.js';
import { residentMemory } from './process-memory.js';

/**
 * Every metric of the daemon; docs/metrics.md describes each. Names follow
 * https://prometheus.io/docs/practices/naming/.
 */
export class Metrics {
  readonly registry = new Registry();

  readonly framesReceived = this.#counter('kdad_frames_received_total', 'Frames that came from a camera.', ['camera']);
  readonly framesJudged = this.#counter(
    'kdad_frames_judged_total',
    'Frames judged; verdict is good, review (to be looked at, where a band for that is configured) or anomalous.',
    ['camera', 'verdict'],
  );
  readonly otherScenes = this.#counter(
    'kdad_other_scenes_total',
    'Frames that are not what the model learned as a whole; scene is dark, bright, blurred (whatever their verdict) or other (anomalous frames only).',
    ['camera', 'scene'],
  );
  readonly framesDropped = this.#counter(
    'kdad_frames_dropped_total',
    "Frames never judged; reason is busy (no time for it), inference (lost with the inference process), unsettled (its camera had just connected), damaged (a part of it, or of one that it needs, is missing or wrong) or untriggered (its camera's trigger did not ask for it).",
    ['camera', 'reason'],
  );
  readonly inferenceSeconds = this.#histogram(
    'kdad_inference_seconds',
    'Time to judge one batch.',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  );
  readonly batchFrames = this.#histogram('kdad_batch_frames', 'Frames in one batch.', [1, 2, 4, 8, 16, 32]);
  readonly frameLatencySeconds = this.#histogram(
    'kdad_frame_latency_seconds',
    'Time from the arrival of a frame to its verdict.',
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    ['camera'],
  );
  readonly anomalyRatio = this.#gauge(
    'kdad_anomaly_ratio',
    'Score of the last frame judged, divided by its threshold: 1 and more is anomalous.',
    ['camera'],
  );
  readonly alerts = this.#counter('kdad_alerts_total', 'Alerts opened.', ['camera']);
  readonly alertOpen = this.#gauge('kdad_alert_open', '1 while an alert is open, else 0.', ['camera']);
  readonly cameraUp = this.#gauge('kdad_camera_up', '1 while frames come from the camera, else 0.', ['camera']);
  readonly cameraDecoder = this.#gauge(
    'kdad_camera_decoder_info',
    'Always 1; the labels tell what decodes the camera, and whether the processor had to take the place of hardware that was asked for.',
    ['camera', 'decoder', 'fallback'],
  );
  readonly cameraReconnects = this.#counter('kdad_camera_reconnects_total', 'Attempts to reach a lost camera again.', [
    'camera',
  ]);
  readonly cameraDamage = this.#counter(
    'kdad_camera_damage_total',
    'Times that frames of a camera were damaged; reason is packets (some are missing), pictures (a JPEG has no end), marker (one was marked as the end of a frame, and was not) or decoder (ffmpeg said so).',
    ['camera', 'reason'],
  );
  readonly inferenceRestarts = this.#counter(
    'kdad_inference_restarts_total',
    'Inference processes given up because they died, hung or failed; each is replaced.',
  );
  readonly mqttConnected = this.#gauge('kdad_mqtt_connected', '1 while the broker is reached, else 0.');
  readonly scoreShift = this.#gauge(
    'kdad_score_shift',
    'Probability that a recent good frame scores higher than a held-out image: 0.5 when nothing has changed, 1 when every frame does.',
    ['camera'],
  );
  readonly scoreDeviations = this.#gauge(
    'kdad_score_deviations',
    "How many MADs (median absolute deviations) of the held-out images' scores the median of recent good frames lies above theirs; below where negative.",
    ['camera'],
  );
  readonly driftWarnings = this.#counter(
    'kdad_drift_warnings_total',
    "Warnings that good frames score otherwise than they did; reason is margin (half-way to the threshold) or scene (their median lies several MADs from the held-out images').",
    ['camera', 'reason'],
  );
  readonly evidenceBytes = this.#gauge('kdad_evidence_bytes', 'Size of all evidence on disk.');
  readonly evidenceSkipped = this.#counter(
    'kdad_evidence_skipped_total',
    'Alerts whose evidence could not be written; reason is full or failed.',
    ['reason'],
  );
  /** Tells how many messages wait in the outbox. */
  outboxDepth: () => number = () => 0;
  readonly outboxDropped = this.#counter(
    'kdad_outbox_dropped_total',
    'Messages that left the outbox without reaching the broker; kind is alert or heatmap, reason is full, old, damaged or refused (by the broker, for good).',
    ['kind', 'reason'],
  );
  readonly mqttRefused = this.#counter(
    'kdad_mqtt_refused_total',
    'What the broker refused besides alerts and heatmaps; kind is publish or subscribe.',
    ['kind'],
  );
  readonly stateFailures = this.#counter(
    'kdad_state_failures_total',
    'Times that something in the state folder could not be used or was set aside as damaged; part is outbox, evidence, overrides, retained or scores.',
    ['part'],
  );
  readonly modelInfo = this.#gauge(
    'kdad_model_info',
    'Always 1; the labels tell which bundle judges, in which precision, how it was trained, and the version of kdad-edge.',
    ['model', 'model_version', 'precision', 'recipe', 'version'],
  );
  readonly inferenceDevice = this.#gauge(
    'kdad_inference_device_info',
    'Always 1; the labels tell what runs the detector of a model, what was asked for, and whether the processor had to take the place of a GPU that was set up.',
    ['model', 'engine', 'device', 'asked', 'fallback'],
  );
  readonly modelSwaps = this.#counter(
    'kdad_model_swaps_total',
    'Other models put to use while running; result is done or refused (the old one stayed).',
    ['result'],
  );
  readonly commands = this.#counter(
    'kdad_commands_total',
    'Commands, over MQTT or from the same machine; outcome is done, refused (not understood), failed or ignored (retained); command is unknown for those that do not exist or are ignored.',
    ['command', 'outcome'],
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    const depth = () => this.outboxDepth();
    new Gauge({
      name: 'kdad_outbox_depth',
      help: 'Messages on disk that the broker has not got yet.',
      registers: [this.registry],
      collect() {
        this.set(depth());
      },
    });
    new Gauge({
      name: 'kdad_resident_memory_bytes',
      help: 'Memory that processes of the daemon hold; process is daemon, inference or ffmpeg (all of them together).',
      labelNames: ['process'],
      registers: [this.registry],
      async collect() {
        this.reset();
        for (const [process, bytes] of await residentMemory()) this.set({ process }, bytes);
      },
    });
    // A rate over a series is right from its first event on only where the series was there before, at 0.
    for (const reason of ['full', 'failed']) this.evidenceSkipped.inc({ reason }, 0);
    for (const kind of ['alert', 'heatmap'])
      for (const reason of ['full', 'old', 'damaged', 'refused']) this.outboxDropped.inc({ kind, reason }, 0);
    for (const result of ['done', 'refused']) this.modelSwaps.inc({ result }, 0);
    for (const kind of ['publish', 'subscribe']) this.mqttRefused.inc({ kind }, 0);
    for (const part of ['outbox', 'evidence', 'overrides', 'retained', 'scores']) this.stateFailures.inc({ part }, 0);
  }

  /** No broker is configured: what there is to say about one is left out, since 0 would be bad news. */
  withoutBroker(): void {
    this.registry.removeSingleMetric('kdad_mqtt_connected');
  }

  /**
   * Makes every series of a camera exist from the start, so that a rate over it is right from the first event on. Only
   * `kdad_anomaly_ratio` waits for a frame: until one is judged there is no ratio, not a ratio of 0.
   */
  addCamera(camera: string): void {
    this.framesReceived.inc({ camera }, 0);
    for (const verdict of ['good', 'review', 'anomalous']) this.framesJudged.inc({ camera, verdict }, 0);
    for (const scene of frameScenes) this.otherScenes.inc({ camera, scene }, 0);
    for (const reason of ['busy', 'inference', 'unsettled', 'damaged', 'untriggered'])
      this.framesDropped.inc({ camera, reason }, 0);
    this.frameLatencySeconds.zero({ camera });
    this.alerts.inc({ camera }, 0);
    this.alertOpen.set({ camera }, 0);
    this.cameraUp.set({ camera }, 0);
    this.cameraReconnects.inc({ camera }, 0);
    for (const reason of damageReasons) this.cameraDamage.inc({ camera, reason }, 0);
    for (const reason of ['margin', 'scene']) this.driftWarnings.inc({ camera, reason }, 0);
  }

  /** Takes every series of a camera away: it is watched no more. */
  async removeCamera(camera: string): Promise<void> {
    for (const metric of this.registry.getMetricsAsArray() as unknown as Metric[]) await removeSeries(metric, camera);
  }

  /** The camera is about to get another one. */
  async forgetDecoder(camera: string): Promise<void> {
    await removeSeries(this.cameraDecoder, camera);
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[] = []): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: Label[] = []): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  #histogram<Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: Label[] = [],
  ): Histogram<Label> {
    return new Histogram({ name, help, buckets, labelNames, registers: [this.registry] });
  }
}

async function removeSeries(metric: Metric, camera: string): Promise<void> {
  const { values } = await metric.get();
  for (const { labels } of values as { labels: Record<string, string> }[]) {
    // The bounds of a histogram's buckets are no labels of ours.
    const { le: _, ...own } = labels;
    if (own.camera === camera) metric.remove(own);
  }
}
