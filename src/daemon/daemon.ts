import { join } from 'node:path';
import { openBundle } from '../bundle/read.js';
import type { CameraListener } from '../camera/camera.js';
import { findFfmpeg } from '../camera/ffmpeg.js';
import { steadyNow } from '../clock.js';
import { changesBetween } from '../config/changes.js';
import type { CameraConfig, Config } from '../config/schema.js';
import { Overrides } from '../control/overrides.js';
import { EvidenceFolder, type EvidenceLimits } from '../evidence/evidence-folder.js';
import type { AlertRules } from '../inspection/alerts.js';
import { Inspector, type InspectorListener } from '../inspection/inspector.js';
import { LiveDetector } from '../inspection/live-detector.js';
import { RequestedVerdicts } from '../inspection/requested-verdicts.js';
import { HttpServer } from '../observability/http-server.js';
import type { Logger } from '../observability/log.js';
import { Metrics } from '../observability/metrics.js';
import { Systemd } from '../observability/systemd.js';
import type { MqttPublisher } from '../publish/mqtt-publisher.js';
import { version } from '../version.js';
import { Announcer } from './announcer.js';
import { Cameras } from './cameras.js';
import { Control, type ControlOptions } from './control.js';
import { DriftWatch } from './drift-watch.js';
import { makeMessaging } from './messaging.js';
import { ModelSwitch } from './model-switch.js';
import { longestPause, Progress } from './progress.js';
import { StatusBoard } from './status.js';
import { Supervision } from './supervision.js';

interface Part {
  start(): unknown;
  stop(): unknown;
}

/**
 * The whole path of a frame: camera -> batch -> detector -> verdict -> alert -> outbox -> MQTT. An ordered list of parts, each unaware of the
 * others, that start in order and stop in reverse; what one part tells is handed to the next in here.
 */
export class Daemon {
  #config: Config;
  readonly #log: Logger;
  readonly #metrics = new Metrics();
  readonly #playing = new Set<string>();
  readonly #requested = new RequestedVerdicts();
  readonly #overrides: Overrides | undefined;
  #publisher: MqttPublisher | undefined;
  #announcer!: Announcer;
  #drift!: DriftWatch;
  #inspector!: Inspector;
  #board!: StatusBoard;
  readonly #progress: Progress;
  #cameras!: Cameras;
  #evidence: EvidenceFolder | undefined;
  #started: Part[] = [];
  #stopped = false;
  #allEnded: () => void = () => {};

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
    // A batch may take its time, and so may the process that takes the place of one that hung.
    this.#progress = new Progress(2 * config.inspection.batchTimeout);
    const { mqtt, stateDir } = config;
    if (mqtt?.commands) {
      this.#overrides = new Overrides(join(stateDir, 'overrides.json'), (reason) =>
        log.error({ reason }, 'what was commanded before cannot be read and does not hold any more'),
      );
    }
  }

  /**
   * Resolves when every camera plays or is being connected to.
   * @throws KdadError BUNDLE_MISSING, BUNDLE_DAMAGED, FFMPEG_MISSING, PORT_TAKEN, STATE_UNUSABLE, INFERENCE_FAILED; what had started is
   *   stopped again
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
    await this.#announcer.settled();
  }

  /**
   * Puts another configuration in force as far as that can be done while cameras are watched, and tells which keys take a restart. Call it
   * after `start`, and again only when it has resolved.
   */
  async reload(wanted: Config): Promise<void> {
    if (this.#stopped) return;
    const { config, applied, postponed } = changesBetween(this.#config, wanted);
    const log = this.#log;
    this.#config = config;
    log.level = config.logLevel;
    this.#inspector.changeRules(alertRules(config));
    await this.#evidence?.changeLimits(evidenceLimits(config)).catch(({ message: reason }: Error) => {
      log.error({ reason }, 'evidence beyond the limits cannot be taken away');
    });
    await this.#cameras.change(config.cameras);
    const names = new Set(config.cameras.map(({ name }) => name));
    for (const camera of this.#playing) if (!names.has(camera)) this.#ended(camera);
    log.info({ changed: applied }, 'configuration reloaded');
    if (postponed.length > 0) log.warn({ keys: postponed }, 'these keys take effect when the daemon starts again');
  }

  /** Stops every part, the last one first; also while it starts. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const parts = this.#started.reverse();
    this.#started = [];
    for (const part of parts) await part.stop();
  }

  async #parts(): Promise<Part[]> {
    const { model, cameras, inspection, stateDir, evidence: keeping } = this.#config;
    const [metrics, log] = [this.#metrics, this.#log];
    const bundle = await openBundle(model);
    const ffmpeg = await findFfmpeg(this.#config.ffmpeg);
    const { value: threshold } = bundle.manifest.threshold;
    log.info({ model: bundle.name, threshold, ffmpeg: ffmpeg.path, version }, 'starting');

    const detector = new LiveDetector(bundle, {
      threads: inspection.threads,
      timeout: inspection.batchTimeout,
      onLoss: (reason) => {
        metrics.inferenceRestarts.inc();
        log.error({ reason }, 'inference process lost; starting another');
      },
    });
    const messaging = makeMessaging({ config: this.#config, model: () => detector.bundle, metrics, log });
    this.#publisher = messaging?.publisher;
    this.#board = new StatusBoard({
      cameras: cameras.map(({ name }) => name),
      detector,
      messaging,
      commanded: (camera, judging) => this.#overrides?.of(camera, judging),
    });
    const evidence = keeping.keep
      ? new EvidenceFolder(join(stateDir, 'evidence'), evidenceLimits(this.#config))
      : undefined;
    this.#evidence = evidence;
    const announcer = new Announcer({
      metrics,
      log,
      model: () => detector.bundle,
      publisher: this.#publisher,
      evidence,
    });
    const calibration = () => detector.bundle.calibration.scores.map(({ score }) => score);
    this.#announcer = announcer;
    this.#drift = new DriftWatch(calibration, metrics, log);
    const { size } = bundle.manifest.preprocessing;
    this.#cameras = new Cameras(cameras, {
      ffmpeg,
      size,
      metrics,
      log,
      listener: (settings) => this.#cameraListener(settings),
      onStart: (camera) => {
        metrics.addCamera(camera);
        this.#board.addCamera(camera);
        this.#publisher?.addCamera(camera);
        this.#playing.add(camera);
      },
      onStopped: (camera, gone) => this.#cameraStopped(camera, gone),
    });
    this.#inspector = this.#makeInspector(detector);
    const models = new ModelSwitch({ path: model, detector, metrics, log, onSwap: () => this.#drift.reset() });
    // What was announced has to be drawn before those go that it is for.
    const announcing = { start: () => {}, stop: () => announcer.settled() };
    const control = messaging && this.#makeControl({ client: messaging.client, detector, models });
    return [
      this.#makeServer(),
      ...(evidence ? [evidence] : []),
      ...(this.#overrides ? [this.#overrides] : []),
      ...(messaging?.parts ?? []),
      announcing,
      detector,
      this.#inspector,
      this.#cameras,
      models,
      ...(control ? [control] : []),
      ...this.#makeSupervision(),
    ];
  }

  #makeServer(): Part {
    const { http } = this.#config;
    const server = new HttpServer(http, {
      metrics: this.#metrics.registry,
      status: () => this.#board.status(),
      readiness: () => this.#board.readiness(),
    });
    return {
      start: async () => this.#log.info({ host: http.host, port: await server.start() }, 'metrics served'),
      stop: () => server.stop(),
    };
  }

  /** Where the configuration allows commands. */
  #makeControl(parts: Pick<ControlOptions, 'client' | 'detector' | 'models'>): Control | undefined {
    if (!this.#overrides) return undefined;
    return new Control({
      ...parts,
      cameras: this.#cameras,
      overrides: this.#overrides,
      inspector: this.#inspector,
      requested: this.#requested,
      status: () => this.#board.status(),
      metrics: this.#metrics,
      log: this.#log,
    });
  }

  /** Where systemd started the daemon. */
  #makeSupervision(): Part[] {
    const [log, progress] = [this.#log, this.#progress];
    const onFailure = ({ message: reason }: Error) => log.error({ reason }, 'systemd cannot be told how the daemon is');
    const systemd = Systemd.of(process.env, onFailure);
    return systemd ? [new Supervision({ systemd, progress, status: () => this.#board.status(), log })] : [];
  }

  #makeInspector(detector: LiveDetector): Inspector {
    const { inspection } = this.#config;
    const { manifest } = detector.bundle;
    const cameras = this.#cameras;
    return new Inspector({
      detector,
      maxBatch: Math.min(inspection.maxBatch, manifest.detector.maxBatch),
      maxWait: inspection.maxWait,
      queue: inspection.queue,
      thresholdOf: (camera) =>
        this.#overrides?.thresholdOf(camera, detector.bundle) ??
        cameras.thresholdOf(camera) ??
        detector.bundle.manifest.threshold.value,
      isMuted: (camera) => this.#overrides?.isMuted(camera) ?? false,
      ignoredBy: (camera) => cameras.ignoredBy(camera),
      admits: (frame) => {
        const due = cameras.gateOf(frame.camera)?.admits(frame.steadyTime) ?? true;
        return this.#requested.takes(frame) || due;
      },
      alert: alertRules(this.#config),
      listener: this.#inspectorListener(),
    });
  }

  /** Its alert closes; what is left of a camera that is gone goes, too. */
  async #cameraStopped(camera: string, gone: boolean): Promise<void> {
    this.#progress.cameraGone(camera);
    await this.#inspector.end(camera);
    this.#drift.reset(camera);
    if (!gone) return;
    await this.#metrics.removeCamera(camera);
    this.#board.removeCamera(camera);
    this.#publisher?.forgetCamera(camera);
  }

  #ended(camera: string): void {
    this.#playing.delete(camera);
    if (this.#playing.size === 0) this.#allEnded();
  }

  #cameraListener(settings: CameraConfig): CameraListener {
    const { name: camera } = settings;
    const pause = longestPause(settings);
    const [metrics, log] = [this.#metrics, this.#log];
    return {
      onFrame: (frame) => {
        metrics.framesReceived.inc({ camera });
        this.#inspector.push(frame);
      },
      onUnsettled: () => {
        metrics.framesReceived.inc({ camera });
        metrics.framesDropped.inc({ camera, reason: 'unsettled' });
      },
      onState: (state, reason) => {
        metrics.cameraUp.set({ camera }, state === 'live' ? 1 : 0);
        log[state === 'lost' ? 'warn' : 'info']({ camera, reason }, `camera ${state}`);
        if (state === 'live') this.#progress.cameraLive(camera, pause);
        else this.#progress.cameraGone(camera);
        this.#board.cameraState(camera, state, reason);
        this.#publisher?.cameraState(camera, state, reason?.split('\n', 1)[0]);
        if (state !== 'ended') return;
        void this.#inspector.end(camera);
        this.#ended(camera);
      },
      onReconnect: () => metrics.cameraReconnects.inc({ camera }),
      onWarning: (message) => log.warn({ camera }, message),
    };
  }

  #inspectorListener(): InspectorListener {
    const metrics = this.#metrics;
    return {
      onVerdict: (judged) => {
        const { frame, verdict } = judged;
        const { camera, anomalous, ratio } = verdict;
        metrics.framesJudged.inc({ camera, verdict: anomalous ? 'anomalous' : 'good' });
        metrics.anomalyRatio.set({ camera }, ratio);
        metrics.frameLatencySeconds.observe({ camera }, (steadyNow() - frame.steadyTime) / 1000);
        this.#progress.frameJudged();
        this.#board.verdict(verdict);
        this.#drift.next(judged);
        this.#requested.judged(verdict);
        this.#publisher?.judged(verdict);
        if (this.#config.mqtt?.verdicts) this.#publisher?.verdict(verdict);
      },
      onAlert: (event) => {
        this.#board.alert(event);
        this.#announcer.announce(event);
      },
      onDrop: (frame, reason) => {
        metrics.framesDropped.inc({ camera: frame.camera, reason });
        this.#requested.dropped(frame, reason);
      },
      onBatch: (batch, seconds) => {
        metrics.batchFrames.observe(batch);
        metrics.inferenceSeconds.observe(seconds);
      },
    };
  }
}

function alertRules({ alert: { open, release, goodFrames, cooldown } }: Config): AlertRules {
  return { open: open.k, window: open.n, releaseRatio: release, release: goodFrames, cooldown };
}

function evidenceLimits({ evidence: { maxAge, maxSize, minFree } }: Config): EvidenceLimits {
  return { maxAge, maxSize: 1e6 * maxSize, minFree: 1e6 * minFree };
}
