import { KdadError } from '../../common/errors.js';
import { thresholdFor } from '../../learning/calibration/threshold.js';
import type { Actions } from '../control/commands.js';
import { Controller } from '../control/controller.js';
import { LocalSocket } from '../control/local-socket.js';
import type { Overrides } from '../control/overrides.js';
import type { RequestedVerdicts } from '../inspection/requested-verdicts.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import type { BrokerClient } from '../publish/broker-client.js';
import { CommandChannel } from '../publish/command-channel.js';
import { describeVerdict, topics } from '../publish/topics.js';
import type { ActiveModel } from './active-model.js';
import type { ActiveModels } from './active-models.js';
import type { CameraLimits } from './camera-limits.js';
import type { Cameras } from './cameras.js';
import type { LineCalibrator } from './line-calibrator.js';
import { withoutGating } from './without-gating.js';

export interface ControlOptions {
  readonly cameras: Cameras;
  readonly activeModels: ActiveModels;
  activeModelOf(camera: string): ActiveModel;
  readonly limits: CameraLimits;
  readonly calibrator: LineCalibrator;
  readonly stateDir: string;
  /** Where the configuration lets MQTT command. */
  readonly client?: BrokerClient;
  readonly overrides: Overrides;
  readonly requested: RequestedVerdicts;
  readonly status: () => object;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Obeys commands, from this machine and over MQTT: what each does, and where it is told. */
export class Control {
  readonly #options: ControlOptions;
  readonly #local: ReturnType<typeof withoutGating>;
  readonly #channel: CommandChannel | undefined;
  #stopping = new AbortController();

  constructor(options: ControlOptions) {
    const { cameras, client, stateDir, metrics, log } = options;
    this.#options = options;
    const controller = new Controller({
      actions: this.#actions(),
      cameras: () => cameras.names,
      onOutcome: (command, outcome, reply) => {
        metrics.commands.inc({ command, outcome });
        const { camera, requestId, result, error } = reply;
        const about = { command: reply.command, camera, requestId, outcome };
        if (error) log.warn({ ...about, reason: error.message }, 'command not obeyed');
        else log.info({ ...about, result: briefly(result) }, 'command obeyed');
      },
    });
    const local = new LocalSocket(stateDir, (request) => controller.handle(request));
    this.#local = withoutGating(local, (reason) =>
      log.warn({ reason }, 'the daemon takes no commands from this machine'),
    );
    const prefix = client?.topicPrefix ?? '';
    this.#channel =
      client &&
      new CommandChannel({
        client,
        prefix,
        topics: topics(prefix),
        answer: async (command) => JSON.stringify(await controller.handle(command)),
        onIgnored: ({ name: command, camera }) => {
          metrics.commands.inc({ command: 'unknown', outcome: 'ignored' });
          log.warn({ command, camera }, 'a retained command was ignored: it may be old');
        },
        onRefused: (reason) => {
          metrics.mqttRefused.inc({ kind: 'subscribe' });
          log.error({ reason }, 'the broker refuses the subscription to commands');
        },
      });
  }

  async start(): Promise<void> {
    const { cameras, limits, activeModelOf, log } = this.#options;
    this.#stopping = new AbortController();
    for (const camera of cameras.names) {
      const { threshold, calibrated, muted, until } = limits.commanded(camera, activeModelOf(camera).bundle) ?? {};
      if (threshold) log.warn({ camera, threshold }, 'a commanded threshold applies');
      if (calibrated)
        log.warn({ camera, threshold: calibrated }, 'a threshold that was calibrated on the line applies');
      if (muted) log.warn({ camera, until }, 'the camera is muted by command');
    }
    this.#channel?.start();
    await this.#local.start();
  }

  /** Commands that wait for a frame or load a model fail; the others are brought to an end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#channel?.stop(), this.#local.stop()]);
  }

  #actions(): Actions {
    const { limits, calibrator, overrides, activeModelOf, requested, status } = this.#options;
    return {
      status: async () => status(),
      activate: async (version, model) => {
        const {
          name,
          version: modelVersion,
          threshold,
        } = await this.#activeModelBy(model).models.activate(version, this.#stopping.signal);
        return { model: name, modelVersion, threshold };
      },
      trigger: async (camera, timeout) => {
        const limit = AbortSignal.any([AbortSignal.timeout(timeout), this.#stopping.signal]);
        return describeVerdict(await requested.ask(camera, limit), activeModelOf(camera).bundle);
      },
      threshold: async (camera, threshold) => {
        await overrides.setThreshold(camera, threshold ?? undefined);
        const configured = limits.configured(camera).threshold;
        const { bundle } = activeModelOf(camera);
        return {
          threshold: limits.threshold(camera, bundle),
          ...(threshold ?? configured),
          configured: thresholdFor(bundle, configured),
        };
      },
      calibrate: (camera, asked) => calibrator.calibrate(camera, asked),
      mute: async (camera, duration) => {
        await overrides.mute(camera, duration);
        activeModelOf(camera).inspector.mute(camera);
        return overrides.muteOf(camera);
      },
      unmute: async (camera) => {
        await overrides.unmute(camera);
        return overrides.muteOf(camera);
      },
    };
  }

  /** @throws KdadError COMMAND_INVALID where the name does not tell which model is meant */
  #activeModelBy(model: string | undefined): ActiveModel {
    const { all } = this.#options.activeModels;
    const meant = all.filter(({ bundle }) => model === undefined || bundle.name === model);
    if (meant.length === 1) return meant[0];
    const names = all.map(({ bundle }) => bundle.name).join(', ');
    throw new KdadError('COMMAND_INVALID', `model: expected one of ${names}, by a name that no other has`);
  }
}

/** Without what fills lines of the log. */
function briefly(result: object | undefined): object {
  const { histograms: _, ...rest } = (result ?? {}) as { histograms?: unknown };
  return rest;
}
