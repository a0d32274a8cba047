import { join } from 'node:path';
import { interruptibly } from '../../common/abort.js';
import { version } from '../../common/version.js';
import { findFfmpeg, warningOf } from '../camera/ffmpeg/ffmpeg.js';
import { changesBetween } from '../config/changes.js';
import { modelOf } from '../config/models.js';
import type { CameraConfig, Config } from '../config/schema.js';
import { Overrides } from '../control/overrides.js';
import { EvidenceFolder, type EvidenceLimits } from '../evidence/evidence-folder.js';
import type { AlertRules } from '../inspection/alerts.js';
import { RequestedVerdicts } from '../inspection/requested-verdicts.js';
import { HttpServer } from '../observability/http-server.js';
import type { Logger } from '../observability/log.js';
import { Metrics } from '../observability/metrics.js';
import { Systemd } from '../observability/systemd.js';
import type { BrokerClient } from '../publish/broker-client.js';
import { RecentScores } from '../state/recent-scores.js';
import type { ActiveModel, ActiveModelOptions } from './active-model.js';
import { ActiveModels } from './active-models.js';
import { Announcer } from './announcer.js';
import { CameraLimits } from './camera-limits.js';
import { Cameras } from './cameras.js';
import { Control } from './control.js';
import { DriftWatch } from './drift-watch.js';
import { Gate } from './gate.js';
import { closeInterruptedEvidence } from './interrupted-evidence.js';
import { LineCalibrator } from './line-calibrator.js';
import { checkMasks } from './masks.js';
import { makeMessaging } from './messaging.js';
import { named, type Part, Parts } from './parts.js';
import { Progress } from './progress.js';
import { StatusBoard } from './status.js';
import { Supervision } from './supervision.js';
import { Switchboard } from './switchboard.js';
import { tellLimits } from './tell-limits.js';
import { withoutGating } from './without-gating.js';

/**
 * The whole path of a frame: camera -> batch -> detector -> verdict -> alert -> outbox -> MQTT. An ordered list of
 * parts, each unaware of the others, that start in order and stop in reverse; what one part tells is handed to the next
 * in here.
 */
export class Daemon {
  #config: Config;
  readonly #log: Logger;
  readonly #metrics = new Metrics();
  readonly #playing = new Set<string>();
  readonly #requested = new RequestedVerdicts();
  readonly #overrides: Overrides;
  readonly #limits: CameraLimits;
  #announcer!: Announcer;
  #activeModels!: ActiveModels;
  #board!: StatusBoard;
  readonly #progress: Progress;
  readonly #switchboard: Switchboard;
  #cameras!: Cameras;
  #evidence: EvidenceFolder | undefined;
  /** Starting, reloading and stopping exclude each other. */
  readonly #gate = new Gate();
  readonly #parts: Parts;
  #allEnded: () => void = () => {};

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
    this.#parts = new Parts((part, reason) => log.error({ part, reason }, 'a part was not stopped'));
    // A batch may take its time, and so may the process that takes the place of one that hung.
    this.#progress = new Progress(2 * config.inspection.batchTimeout);
    this.#switchboard = new Switchboard({
      metrics: this.#metrics,
      log,
      progress: this.#progress,
      requested: this.#requested,
      publishesVerdicts: () => this.#config.mqtt?.verdicts ?? false,
      onEnded: (camera) => this.#ended(camera),
    });
    const lost = (reason: string) => {
      this.#metrics.stateFailures.inc({ part: 'overrides' });
      log.error({ reason }, 'earlier commands could not be read and no longer apply');
    };
    const { mqtt, stateDir } = config;
    this.#overrides = new Overrides(join(stateDir, 'overrides.json'), lost, undefined, mqtt?.commands ?? false);
    this.#limits = new CameraLimits({
      overrides: this.#overrides,
      config: () => this.#config,
      settingsOf: (camera) => this.#settingsOf(camera),
    });
  }

  /**
   * Resolves when every camera plays or is being connected to.
   * @param signal ends the starting, as `stop` does
   * @throws KdadError BUNDLE_MISSING, BUNDLE_DAMAGED, FFMPEG_MISSING, PORT_TAKEN, STATE_UNUSABLE, INFERENCE_FAILED,
   *   INTERRUPTED; what had started is stopped again
   */
  start(signal?: AbortSignal): Promise<void> {
    return this.#gate.enter(async (interrupted) => {
      try {
        await this.#parts.start(await this.#makeParts(interrupted), interrupted);
      } catch (error) {
        await this.#parts.stop();
        throw error;
      }
    }, signal);
  }

  /** Resolves when every camera was a file or folder and has been judged to its end; never while one is live. */
  async ended(): Promise<void> {
    if (this.#playing.size > 0) {
      await new Promise<void>((resolve) => {
        this.#allEnded = resolve;
      });
    }
    await this.#activeModels.drained();
    await this.#announcer.settled();
  }

  /**
   * Puts another configuration in force as far as that can be done while cameras are watched, and tells which keys take
   * a restart. Call it after `start` has resolved.
   * @param signal ends it; what has changed by then stays changed
   * @throws KdadError when a model that is new cannot be used, nothing has changed then; INTERRUPTED, also by `stop`
   */
  reload(wanted: Config, signal?: AbortSignal): Promise<void> {
    return this.#gate.enter((interrupted) => this.#reload(wanted, interrupted), signal);
  }

  async #reload(wanted: Config, signal: AbortSignal): Promise<void> {
    const { config, applied, postponed } = changesBetween(this.#config, wanted);
    const log = this.#log;
    await this.#activeModels.add(config, signal);
    try {
      checkMasks(config.cameras, (camera) => this.#activeModels.of(modelOf(config, camera)).bundle, log);
    } catch (error) {
      await this.#activeModels.keep(this.#config);
      throw error;
    }
    this.#config = config;
    log.level = config.logLevel;
    this.#activeModels.changeRules(alertRules(config));
    const narrowed = this.#evidence?.changeLimits(evidenceLimits(config)).catch(({ message: reason }: Error) => {
      log.error({ reason }, 'evidence beyond the limits cannot be deleted');
    });
    await interruptibly(Promise.resolve(narrowed), signal);
    await this.#cameras.change(config.cameras, signal);
    await this.#activeModels.keep(config);
    await interruptibly(this.#activeModels.check(), signal);
    this.#tellLimits(this.#cameras.names);
    const names = new Set(config.cameras.map(({ name }) => name));
    for (const camera of this.#playing) if (!names.has(camera)) this.#ended(camera);
    log.info({ changed: applied }, 'configuration reloaded');
    if (postponed.length > 0) log.warn({ keys: postponed }, 'these keys take effect after a restart of the daemon');
  }

  /** Stops every part, the last one first; whatever starts or reloads is interrupted. */
  stop(): Promise<void> {
    return this.#gate.close(() => this.#parts.stop());
  }

  /** A file or folder has come to its end, or a camera is gone. */
  #ended(camera: string): void {
    this.#playing.delete(camera);
    if (this.#playing.size === 0) this.#allEnded();
  }

  async #makeParts(signal: AbortSignal): Promise<Part[]> {
    const { cameras, stateDir, evidence: keeping } = this.#config;
    const [metrics, log] = [this.#metrics, this.#log];
    const ffmpeg = await interruptibly(findFfmpeg(this.#config.ffmpeg), signal);
    const activeModels = await interruptibly(ActiveModels.open(this.#config, this.#activeModelOptions()), signal);
    this.#activeModels = activeModels;
    const models = activeModels.all.map(({ bundle }) => `${bundle.name} ${bundle.version}`);
    log.info({ models, ffmpeg: ffmpeg.path, version }, 'starting');
    const outdated = warningOf(ffmpeg);
    if (outdated)
      log.warn({ ffmpeg: ffmpeg.path, ...outdated }, 'this ffmpeg is too old to decode network streams safely');

    checkMasks(cameras, (camera) => activeModels.of(modelOf(this.#config, camera)).bundle, log);
    const bundleOf = (camera: string) => this.#activeModelOf(camera).bundle;
    const messaging = makeMessaging({ config: this.#config, model: bundleOf, metrics, log });
    const publisher = messaging?.publisher;
    const board = new StatusBoard({
      cameras: cameras.map(({ name }) => name),
      activeModels,
      bundleOf,
      messaging,
      thresholdOf: (camera) => this.#limits.threshold(camera, bundleOf(camera)),
      reviewFrom: (camera) => this.#limits.reviewFrom(camera, bundleOf(camera)),
      falseAlarmsOf: (camera) => this.#limits.falseAlarms(camera, bundleOf(camera)),
      commanded: (camera) => this.#limits.commanded(camera, bundleOf(camera)),
    });
    this.#board = board;
    const evidence = keeping.keep
      ? new EvidenceFolder(join(stateDir, 'evidence'), evidenceLimits(this.#config), (reason) =>
          log.warn({ reason }, 'an entry of the evidence folder cannot be read or deleted; it is left there'),
        )
      : undefined;
    this.#evidence = evidence;
    const announcer = new Announcer({ metrics, log, model: bundleOf, publisher, evidence });
    this.#announcer = announcer;
    const names = cameras.map(({ name }) => name);
    const scores = new RecentScores(join(stateDir, 'scores'), names, (reason) => {
      metrics.stateFailures.inc({ part: 'scores' });
      log.error({ reason }, 'scores for a calibration on the line cannot be kept');
    });
    const calibrator = new LineCalibrator({
      scores,
      limits: this.#limits,
      overrides: this.#overrides,
      bundleOf,
      settingsOf: (camera) => this.#settingsOf(camera),
    });
    this.#switchboard.connect({
      board,
      calibrator,
      announcer,
      drift: new DriftWatch({
        calibration: (camera) => bundleOf(camera).calibration.scores,
        metrics,
        log,
        onDrift: (camera, drift) => board.drift(camera, drift),
      }),
      publisher,
      inspectorOf: (camera) => this.#activeModelOf(camera).inspector,
    });
    this.#cameras = new Cameras(cameras, {
      ffmpeg,
      framingOf: (settings) => activeModels.of(modelOf(this.#config, settings)).bundle.manifest.preprocessing,
      metrics,
      log,
      listener: (settings) => this.#switchboard.cameraListener(settings),
      onStart: (camera) => {
        this.#switchboard.cameraStarts(camera);
        this.#playing.add(camera);
      },
      onStopped: (camera, gone, interrupted) => this.#switchboard.cameraStopped(camera, gone, interrupted),
    });
    this.#tellLimits(names);
    // What was announced has to be drawn before those go that it is for.
    const announcing: Part = { name: 'announcer', start: () => {}, stop: () => announcer.settled() };
    const control = this.#makeControl(calibrator, messaging?.client);
    return [
      this.#makeServer(),
      ...(evidence
        ? [
            named(
              'evidence',
              withoutGating(
                {
                  start: async () => {
                    await evidence.start();
                    await closeInterruptedEvidence(evidence);
                  },
                  stop: () => evidence.stop(),
                },
                (reason) => this.#withoutEvidence(reason),
              ),
            ),
          ]
        : []),
      named('overrides', this.#overrides),
      named('recent scores', scores),
      ...(messaging?.parts ?? []),
      announcing,
      named('models', activeModels),
      named('cameras', this.#cameras),
      named('control', control),
      ...this.#makeSupervision(),
    ];
  }

  #withoutEvidence(reason: string): void {
    this.#metrics.stateFailures.inc({ part: 'evidence' });
    this.#log.error({ reason }, 'evidence cannot be kept; alerts are sent without it');
  }

  #makeServer(): Part {
    const { http } = this.#config;
    const server = new HttpServer(http, {
      metrics: this.#metrics.registry,
      status: () => this.#board.status(),
      readiness: () => this.#board.readiness(),
    });
    return {
      name: 'server',
      start: async () => this.#log.info({ host: http.host, port: await server.start() }, 'metrics served'),
      stop: () => server.stop(),
    };
  }

  #makeControl(calibrator: LineCalibrator, client: BrokerClient | undefined): Control {
    const { mqtt, stateDir } = this.#config;
    return new Control({
      client: mqtt?.commands ? client : undefined,
      stateDir,
      calibrator,
      cameras: this.#cameras,
      activeModels: this.#activeModels,
      activeModelOf: (camera) => this.#activeModelOf(camera),
      limits: this.#limits,
      overrides: this.#overrides,
      requested: this.#requested,
      status: () => this.#board.status(),
      metrics: this.#metrics,
      log: this.#log,
    });
  }

  /** Where systemd started the daemon. */
  #makeSupervision(): Part[] {
    const [log, progress] = [this.#log, this.#progress];
    const onFailure = ({ message: reason }: Error) => log.error({ reason }, 'systemd cannot be notified');
    const systemd = Systemd.of(process.env, onFailure);
    if (!systemd) return [];
    return [named('supervision', new Supervision({ systemd, progress, status: () => this.#board.status(), log }))];
  }

  #activeModelOptions(): ActiveModelOptions {
    return {
      settings: this.#config.inspection,
      engine: this.#config.engine,
      device: this.#config.device,
      camerasOf: (active) => this.#cameras.live.filter((camera) => this.#activeModelOf(camera) === active).length,
      thresholdOf: (camera, bundle) => this.#limits.threshold(camera, bundle),
      reviewFrom: (camera, bundle) => this.#limits.reviewFrom(camera, bundle),
      isMuted: (camera) => this.#overrides.isMuted(camera),
      ignoredBy: (camera) => this.#cameras.settingsOf(camera)?.ignore,
      admits: (frame) => {
        const due = this.#cameras.gateOf(frame.camera)?.admits(frame.steadyTime) ?? true;
        return this.#requested.takes(frame) || due;
      },
      alert: alertRules(this.#config),
      listener: this.#switchboard.inspectorListener(),
      check: (active, bundle) => {
        const judged = this.#config.cameras.filter(({ name }) => this.#activeModelOf(name) === active);
        checkMasks(judged, () => bundle, this.#log);
      },
      onSwap: (active) => {
        const judged = this.#cameras.names.filter((camera) => this.#activeModelOf(camera) === active);
        for (const camera of judged) this.#switchboard.anotherModelJudges(camera);
        this.#tellLimits(judged);
        for (const camera of judged) {
          if (!this.#limits.hasLapsed(camera, active.bundle)) continue;
          const advice = 'calibrate on the line again when this model has judged for a while';
          this.#log.warn(
            { camera },
            `the threshold that was calibrated on the line was for another model and no longer applies: ${advice}`,
          );
        }
      },
      metrics: this.#metrics,
      log: this.#log,
    };
  }

  #tellLimits(cameras: readonly string[]): void {
    const bundleOf = (camera: string) => this.#activeModelOf(camera).bundle;
    tellLimits(cameras, bundleOf, (camera) => this.#limits.configured(camera), this.#log);
  }

  #activeModelOf(camera: string): ActiveModel {
    const settings = this.#settingsOf(camera);
    return this.#activeModels.of(settings ? modelOf(this.#config, settings) : this.#config.model);
  }

  /** One that leaves is still judged as it was. */
  #settingsOf(camera: string): CameraConfig | undefined {
    return this.#cameras.settingsOf(camera) ?? this.#config.cameras.find(({ name }) => name === camera);
  }
}

function alertRules({ alert: { open, release, goodFrames, cooldown } }: Config): AlertRules {
  return { open: open.k, window: open.n, releaseRatio: release, release: goodFrames, cooldown };
}

function evidenceLimits({ evidence: { maxAge, maxSize, minFree } }: Config): EvidenceLimits {
  return { maxAge, maxSize: 1e6 * maxSize, minFree: 1e6 * minFree };
}
