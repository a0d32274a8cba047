import { join } from 'node:path';
import { type Bundle, openBundle } from './bundle/read.js';
import { StoreWatcher } from './bundle/watch-store.js';
import { Camera, type CameraListener } from './camera/camera.js';
import { type Ffmpeg, findFfmpeg } from './camera/ffmpeg.js';
import { type ChosenDecoder, type Codec, chooseDecoder, type Decoder } from './camera/hardware.js';
import type { Config } from './config/schema.js';
import type { AlertEvent } from './inspection/alerts.js';
import { renderOverlay } from './inspection/heatmap.js';
import { ignoredPixels } from './inspection/ignored.js';
import { Inspector, type InspectorListener } from './inspection/inspector.js';
import { LiveDetector } from './inspection/live-detector.js';
import { HttpServer } from './observability/http-server.js';
import type { Logger } from './observability/log.js';
import { Metrics } from './observability/metrics.js';
import { MqttPublisher } from './publish/mqtt-publisher.js';
import { Outbox } from './publish/outbox.js';
import { version } from './version.js';

interface Part {
  start(): unknown;
  stop(): unknown;
}

/**
 * The whole path of a frame: camera -> batch -> detector -> verdict -> alert -> MQTT. An ordered list of parts, each unaware of the
 * others, that start in order and stop in reverse; what one part tells is handed to the next in here.
 */
export class Daemon {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #metrics = new Metrics();
  readonly #playing = new Set<string>();
  #publisher: MqttPublisher | undefined;
  #inspector!: Inspector;
  #started: Part[] = [];
  #stopped = false;
  #allEnded: () => void = () => {};
  /** Overlays being drawn. */
  readonly #drawing = new Set<Promise<void>>();

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
  }

  /**
   * Resolves when every camera plays or is being connected to.
   * @throws KdadError BUNDLE_MISSING, BUNDLE_DAMAGED, FFMPEG_MISSING, PORT_TAKEN, INFERENCE_FAILED; what had started is stopped again
   */
  async start(): Promise<void> {
    try {
      for (const part of await this.#parts()) {
        if (this.#stopped) return;
        this.#started.push(part);
        await part.start();
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Resolves when every camera was a file or folder and has been judged to its end; never while one is live. */
  async ended(): Promise<void> {
    if (this.#playing.size > 0) {
      await new Promise<void>((resolve) => {
        this.#allEnded = resolve;
      });
    }
    await this.#inspector.drained();
    await Promise.all(this.#drawing);
  }

  /** Stops every part, the last one first; also while it starts. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const parts = this.#started.reverse();
    this.#started = [];
    for (const part of parts) {
      // Overlays under way still have a publisher to go to.
      if (part === this.#publisher) await Promise.all(this.#drawing);
      await part.stop();
    }
  }

  async #parts(): Promise<Part[]> {
    const { model, cameras, inspection, alert, mqtt, http } = this.#config;
    const bundle = await openBundle(model);
    const { manifest } = bundle;
    const ffmpeg = await findFfmpeg(this.#config.ffmpeg);
    this.#log.info(
      { model: bundle.name, threshold: manifest.threshold.value, ffmpeg: ffmpeg.path, version },
      'starting',
    );
    this.#nameModel(bundle);

    const server = new HttpServer(http, this.#metrics);
    const detector = new LiveDetector(bundle, {
      threads: inspection.threads,
      timeout: inspection.batchTimeout,
      onLoss: (reason) => {
        this.#metrics.inferenceRestarts.inc();
        this.#log.error({ reason }, 'inference process lost; starting another');
      },
    });
    const store = new StoreWatcher(model, bundle, {
      onChange: (next) => this.#swap(detector, next),
      onFailure: (error) =>
        this.#log.error({ reason: error.message }, 'the new model cannot be used; the old one stays'),
    });
    const ignored = new Map(
      cameras.map(({ name, ignore }) => [name, ignore && ignoredPixels(ignore, manifest.preprocessing.size)]),
    );
    const ownThresholds = new Map(cameras.map(({ name, threshold }) => [name, threshold]));
    this.#inspector = new Inspector({
      detector,
      maxBatch: Math.min(inspection.maxBatch, manifest.detector.maxBatch),
      maxWait: inspection.maxWait,
      queue: inspection.queue,
      thresholdOf: (camera) => ownThresholds.get(camera) ?? detector.bundle.manifest.threshold.value,
      ignoredBy: (camera) => ignored.get(camera),
      alert: {
        open: alert.open.k,
        window: alert.open.n,
        releaseRatio: alert.release,
        release: alert.goodFrames,
        cooldown: alert.cooldown,
      },
      listener: this.#inspectorListener(),
    });
    const outbox = new Outbox(join(this.#config.stateDir, 'outbox'), (kind, reason) => {
      this.#metrics.outboxDropped.inc({ kind, reason });
      this.#log.warn({ kind, reason }, 'a message was dropped from the outbox');
    });
    if (mqtt) {
      this.#metrics.outboxDepth = () => outbox.depth;
      this.#publisher = new MqttPublisher(mqtt, () => detector.bundle, outbox, {
        onOutboxFailure: (error) =>
          this.#log.error({ reason: error.message }, 'alerts are sent without the outbox: it cannot be used'),
        onConnected: () => {
          this.#metrics.mqttConnected.set(1);
          this.#log.info('MQTT broker reached');
        },
        onDisconnected: (reason) => {
          this.#metrics.mqttConnected.set(0);
          this.#log.warn({ reason }, 'MQTT broker not reached; trying again');
        },
      });
    }
    const hardware = await this.#chooseDecoders(ffmpeg);
    const streams = cameras.map((settings) => {
      this.#metrics.addCamera(settings.name);
      this.#playing.add(settings.name);
      return new Camera(
        { ...settings, hardware: hardware.get(settings.name) },
        {
          ffmpeg,
          size: manifest.preprocessing.size,
          listener: this.#cameraListener(settings.name),
        },
      );
    });
    const listening = {
      start: async () => this.#log.info({ host: http.host, port: await server.start() }, 'metrics served'),
      stop: () => server.stop(),
    };
    // Cameras stop all at once: each may have to wait for its ffmpeg.
    const together = {
      start: () => streams.forEach((camera) => void camera.start()),
      stop: () => Promise.all(streams.map((camera) => camera.stop())),
    };
    return [
      listening,
      ...(this.#publisher ? [outbox, this.#publisher] : []),
      detector,
      this.#inspector,
      together,
      store,
    ];
  }

  /** Tries every combination that is asked for once, and says what came of it. */
  async #chooseDecoders(ffmpeg: Ffmpeg): Promise<Map<string, { decoder: Decoder; codec: Codec }>> {
    const tried = new Map<string, Promise<ChosenDecoder>>();
    const chosen = new Map<string, { decoder: Decoder; codec: Codec }>();
    for (const { name: camera, decoder: wanted, codec } of this.#config.cameras) {
      const choice = tried.get(`${wanted} ${codec}`) ?? chooseDecoder(wanted, codec, ffmpeg);
      tried.set(`${wanted} ${codec}`, choice);
      const { decoder, failures, fellBack } = await choice;
      if (fellBack) this.#log.warn({ camera, wanted, failures }, 'the processor decodes: the hardware does not');
      else if (wanted !== 'none') this.#log.info({ camera, decoder }, 'decoder chosen');
      this.#metrics.cameraDecoder.set({ camera, decoder, fallback: String(fellBack) }, 1);
      chosen.set(camera, { decoder, codec });
    }
    return chosen;
  }

  #nameModel({ name, version: modelVersion, manifest }: Bundle): void {
    this.#metrics.modelInfo.reset();
    this.#metrics.modelInfo.set({ model: name, model_version: modelVersion, recipe: manifest.recipe.name, version }, 1);
  }

  /** Another version was put to use: it takes over once it is loaded and tested, and else the old one stays. */
  #swap(detector: LiveDetector, next: Bundle): void {
    const about = { model: next.name, modelVersion: next.version };
    detector.swap(next).then(
      () => {
        this.#nameModel(next);
        this.#metrics.modelSwaps.inc({ result: 'done' });
        this.#log.info({ ...about, threshold: next.manifest.threshold.value }, 'another model judges');
      },
      (error: Error) => {
        this.#metrics.modelSwaps.inc({ result: 'refused' });
        this.#log.error({ ...about, reason: error.message }, 'the new model cannot be used; the old one stays');
      },
    );
  }

  #cameraListener(camera: string): CameraListener {
    return {
      onFrame: (frame) => {
        this.#metrics.framesReceived.inc({ camera });
        this.#inspector.push(frame);
      },
      onUnsettled: () => {
        this.#metrics.framesReceived.inc({ camera });
        this.#metrics.framesDropped.inc({ camera, reason: 'unsettled' });
      },
      onState: (state, reason) => {
        this.#metrics.cameraUp.set({ camera }, state === 'live' ? 1 : 0);
        this.#log[state === 'lost' ? 'warn' : 'info']({ camera, reason }, `camera ${state}`);
        this.#publisher?.cameraState(camera, state, reason?.split('\n', 1)[0]);
        if (state !== 'ended') return;
        this.#playing.delete(camera);
        if (this.#playing.size === 0) this.#allEnded();
      },
      onReconnect: () => this.#metrics.cameraReconnects.inc({ camera }),
      onWarning: (message) => this.#log.warn({ camera }, message),
    };
  }

  #inspectorListener(): InspectorListener {
    return {
      onVerdict: ({ verdict }) => {
        const { camera, anomalous, ratio, time } = verdict;
        this.#metrics.framesJudged.inc({ camera, verdict: anomalous ? 'anomalous' : 'good' });
        this.#metrics.anomalyRatio.set({ camera }, ratio);
        this.#metrics.frameLatencySeconds.observe({ camera }, (Date.now() - time) / 1000);
        if (this.#config.mqtt?.verdicts) this.#publisher?.verdict(verdict);
      },
      onAlert: (event) => this.#announce(event),
      onDrop: ({ camera }, reason) => this.#metrics.framesDropped.inc({ camera, reason }),
      onBatch: (batch, seconds) => {
        this.#metrics.batchFrames.observe(batch);
        this.#metrics.inferenceSeconds.observe(seconds);
      },
    };
  }

  #announce(event: AlertEvent): void {
    const { camera, kind, id, peak } = event;
    if (kind === 'opened') this.#metrics.alerts.inc({ camera });
    this.#metrics.alertOpen.set({ camera }, kind === 'closed' ? 0 : 1);
    this.#log[kind === 'opened' ? 'warn' : 'info']({ camera, alert: id, ratio: peak.verdict.ratio }, `alert ${kind}`);
    void this.#publisher?.alert(event);
    if (kind !== 'closed' && this.#publisher) this.#draw(event, this.#publisher);
  }

  #draw(event: AlertEvent, publisher: MqttPublisher): void {
    const { frame, map, verdict } = event.peak;
    if (!map) return;
    const drawing = renderOverlay({ ...frame, map: map.values, mapSize: map.size, threshold: verdict.threshold })
      .then((overlay) => publisher.heatmap(event, overlay))
      .finally(() => this.#drawing.delete(drawing));
    this.#drawing.add(drawing);
  }
}
