import { join } from 'node:path';
import { findFfmpeg, warningOf } from '../camera/ffmpeg.js';
import { changesBetween } from '../config/changes.js';
import { modelOf } from '../config/models.js';
import type { Config } from '../config/schema.js';
import { type RelativeThreshold, thresholdFor } from '../config/threshold.js';
import { Overrides } from '../control/overrides.js';
import { EvidenceFolder, type EvidenceLimits } from '../evidence/evidence-folder.js';
import type { AlertRules } from '../inspection/alerts.js';
import { RequestedVerdicts } from '../inspection/requested-verdicts.js';
import { HttpServer } from '../observability/http-server.js';
import type { Logger } from '../observability/log.js';
import { Metrics } from '../observability/metrics.js';
import { Systemd } from '../observability/systemd.js';
import type { BrokerClient } from '../publish/broker-client.js';
import { version } from '../version.js';
import { Announcer } from './announcer.js';
import { Cameras } from './cameras.js';
import { Control } from './control.js';
import { DriftWatch } from './drift-watch.js';
import type { Judge, JudgeOptions } from './judge.js';
import { Judges } from './judges.js';
import { checkMasks } from './masks.js';
import { makeMessaging } from './messaging.js';
import { Progress } from './progress.js';
import { StatusBoard } from './status.js';
import { Supervision } from './supervision.js';
import { Switchboard } from './switchboard.js';
import { withoutGating } from './without-gating.js';

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
  #announcer!: Announcer;
  #judges!: Judges;
  #board!: StatusBoard;
  readonly #progress: Progress;
  readonly #switchboard: Switchboard;
  #cameras!: Cameras;
  #evidence: EvidenceFolder | undefined;
  #started: Part[] = [];
  /** Of the last part that was begun. */
  #starting: Promise<unknown> = Promise.resolve();
  #stopped = false;
  #allEnded: () => void = () => {};

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
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
    const { mqtt, stateDir } = config;
    if (mqtt?.commands) {
      this.#overrides = new Overrides(join(stateDir, 'overrides.json'), (reason) => {
        this.#metrics.stateFailures.inc({ part: 'overrides' });
        log.error({ reason }, 'what was commanded before does not hold any more');
      });
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
        this.#starting = (async () => part.start())();
        await this.#starting;
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
    await this.#judges.drained();
    await this.#announcer.settled();
  }

  /**
   * Puts another configuration in force as far as that can be done while cameras are watched, and tells which keys take a restart. Call it
   * after `start`, and again only when it has resolved.
   * @throws KdadError when a model that is new cannot be used; nothing has changed then
   */
  async reload(wanted: Config): Promise<void> {
    if (this.#stopped) return;
    const { config, applied, postponed } = changesBetween(this.#config, wanted);
    const log = this.#log;
    await this.#judges.add(config);
    try {
      checkMasks(config.cameras, (camera) => this.#judges.of(modelOf(config, camera)).bundle, log);
    } catch (error) {
      await this.#judges.keep(this.#config);
      throw error;
    }
    this.#config = config;
    log.level = config.logLevel;
    this.#judges.changeRules(alertRules(config));
    await this.#evidence?.changeLimits(evidenceLimits(config)).catch(({ message: reason }: Error) => {
      log.error({ reason }, 'evidence beyond the limits cannot be taken away');
    });
    await this.#cameras.change(config.cameras);
    await this.#judges.keep(config);
    const names = new Set(config.cameras.map(({ name }) => name));
    for (const camera of this.#playing) if (!names.has(camera)) this.#ended(camera);
    log.info({ changed: applied }, 'configuration reloaded');
    if (postponed.length > 0) log.warn({ keys: postponed }, 'these keys take effect when the daemon starts again');
  }

  /** Stops every part, the last one first; also while it starts. */
  async stop(): Promise<void> {
    this.#stopped = true;
    // Stopped before it has started, a part would start all the same, and nobody would stop it then.
    await this.#starting.catch(() => {});
    const parts = this.#started.reverse();
    this.#started = [];
    for (const part of parts) await part.stop();
  }

  /** A file or folder has come to its end, or a camera is gone. */
  #ended(camera: string): void {
    this.#playing.delete(camera);
    if (this.#playing.size === 0) this.#allEnded();
  }

  async #parts(): Promise<Part[]> {
    const { cameras, stateDir, evidence: keeping } = this.#config;
    const [metrics, log] = [this.#metrics, this.#log];
    const ffmpeg = await findFfmpeg(this.#config.ffmpeg);
    const judges = await Judges.open(this.#config, this.#judgeOptions());
    this.#judges = judges;
    const models = judges.all.map(({ bundle }) => `${bundle.name} ${bundle.version}`);
    log.info({ models, ffmpeg: ffmpeg.path, version }, 'starting');
    const outdated = warningOf(ffmpeg);
    if (outdated)
      log.warn({ ffmpeg: ffmpeg.path, ...outdated }, 'this ffmpeg should not decode what comes over a network');

    checkMasks(cameras, (camera) => judges.of(modelOf(this.#config, camera)).bundle, log);
    const bundleOf = (camera: string) => this.#judgeOf(camera).bundle;
    const messaging = makeMessaging({ config: this.#config, model: bundleOf, metrics, log });
    const publisher = messaging?.publisher;
    const board = new StatusBoard({
      cameras: cameras.map(({ name }) => name),
      judges,
      bundleOf,
      messaging,
      thresholdOf: (camera) => thresholdFor(bundleOf(camera), this.#thresholdOf(camera)),
      commanded: (camera) => this.#overrides?.of(camera),
    });
    this.#board = board;
    const evidence = keeping.keep
      ? new EvidenceFolder(join(stateDir, 'evidence'), evidenceLimits(this.#config), (reason) =>
          log.warn({ reason }, 'something in the evidence folder cannot be read or removed, and is left alone'),
        )
      : undefined;
    this.#evidence = evidence;
    const announcer = new Announcer({ metrics, log, model: bundleOf, publisher, evidence });
    this.#announcer = announcer;
    const calibration = (camera: string) => bundleOf(camera).calibration.scores.map(({ score }) => score);
    this.#switchboard.connect({
      board,
      announcer,
      drift: new DriftWatch(calibration, metrics, log),
      publisher,
      inspectorOf: (camera) => this.#judgeOf(camera).inspector,
    });
    this.#cameras = new Cameras(cameras, {
      ffmpeg,
      framingOf: (settings) => judges.of(modelOf(this.#config, settings)).bundle.manifest.preprocessing,
      metrics,
      log,
      listener: (settings) => this.#switchboard.cameraListener(settings),
      onStart: (camera) => {
        this.#switchboard.cameraStarts(camera);
        this.#playing.add(camera);
      },
      onStopped: (camera, gone) => this.#switchboard.cameraStopped(camera, gone),
    });
    // What was announced has to be drawn before those go that it is for.
    const announcing = { start: () => {}, stop: () => announcer.settled() };
    const control = messaging && this.#makeControl(messaging.client);
    return [
      this.#makeServer(),
      ...(evidence ? [withoutGating(evidence, (reason) => this.#withoutEvidence(reason))] : []),
      ...(this.#overrides ? [this.#overrides] : []),
      ...(messaging?.parts ?? []),
      announcing,
      judges,
      this.#cameras,
      ...(control ? [control] : []),
      ...this.#makeSupervision(),
    ];
  }

  #withoutEvidence(reason: string): void {
    this.#metrics.stateFailures.inc({ part: 'evidence' });
    this.#log.error({ reason }, 'evidence cannot be kept; alerts are told without it');
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
  #makeControl(client: BrokerClient): Control | undefined {
    if (!this.#overrides) return undefined;
    return new Control({
      client,
      cameras: this.#cameras,
      judges: this.#judges,
      judgeOf: (camera) => this.#judgeOf(camera),
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
    const onFailure = ({ message: reason }: Error) => log.error({ reason }, 'systemd cannot be told how the daemon is');
    const systemd = Systemd.of(process.env, onFailure);
    return systemd ? [new Supervision({ systemd, progress, status: () => this.#board.status(), log })] : [];
  }

  #judgeOptions(): JudgeOptions {
    return {
      settings: this.#config.inspection,
      engine: this.#config.engine,
      device: this.#config.device,
      camerasOf: (judge) => this.#cameras.live.filter((camera) => this.#judgeOf(camera) === judge).length,
      thresholdOf: (camera) => this.#thresholdOf(camera),
      isMuted: (camera) => this.#overrides?.isMuted(camera) ?? false,
      ignoredBy: (camera) => this.#cameras.settingsOf(camera)?.ignore,
      admits: (frame) => {
        const due = this.#cameras.gateOf(frame.camera)?.admits(frame.steadyTime) ?? true;
        return this.#requested.takes(frame) || due;
      },
      alert: alertRules(this.#config),
      listener: this.#switchboard.inspectorListener(),
      check: (judge, bundle) => {
        const judged = this.#config.cameras.filter(({ name }) => this.#judgeOf(name) === judge);
        checkMasks(judged, () => bundle, this.#log);
      },
      onSwap: (judge) => {
        const judged = this.#cameras.names.filter((camera) => this.#judgeOf(camera) === judge);
        for (const camera of judged) this.#switchboard.anotherModelJudges(camera);
      },
      metrics: this.#metrics,
      log: this.#log,
    };
  }

  /** Its own, by command or else by the configuration. */
  #thresholdOf(camera: string): RelativeThreshold | undefined {
    return this.#overrides?.thresholdOf(camera) ?? this.#cameras.settingsOf(camera)?.threshold;
  }

  #judgeOf(camera: string): Judge {
    const { model, cameras } = this.#config;
    // One that leaves is still judged as it was.
    const settings = this.#cameras.settingsOf(camera) ?? cameras.find(({ name }) => name === camera);
    return this.#judges.of(settings ? modelOf(this.#config, settings) : model);
  }
}

function alertRules({ alert: { open, release, goodFrames, cooldown } }: Config): AlertRules {
  return { open: open.k, window: open.n, releaseRatio: release, release: goodFrames, cooldown };
}

function evidenceLimits({ evidence: { maxAge, maxSize, minFree } }: Config): EvidenceLimits {
  return { maxAge, maxSize: 1e6 * maxSize, minFree: 1e6 * minFree };
}
