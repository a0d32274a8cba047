import type { ConfiguredThreshold } from '../config/threshold.js';
import type { Actions } from '../control/commands.js';
import { Controller } from '../control/controller.js';
import type { Overrides } from '../control/overrides.js';
import { KdadError } from '../errors.js';
import type { RequestedVerdicts } from '../inspection/requested-verdicts.js';
import { thresholdFor } from '../inspection/threshold.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import type { BrokerClient } from '../publish/broker-client.js';
import { CommandChannel } from '../publish/command-channel.js';
import { describeVerdict, topics } from '../publish/topics.js';
import type { Cameras } from './cameras.js';
import type { Judge } from './judge.js';
import type { Judges } from './judges.js';

export interface ControlOptions {
  readonly cameras: Cameras;
  readonly judges: Judges;
  judgeOf(camera: string): Judge;
  /** The camera's threshold by the configuration; undefined where the model's counts. */
  configuredOf(camera: string): ConfiguredThreshold | undefined;
  readonly client: BrokerClient;
  readonly overrides: Overrides;
  readonly requested: RequestedVerdicts;
  readonly status: () => object;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Obeys commands that come over MQTT: what each does, and where it is told. */
export class Control {
  readonly #options: ControlOptions;
  readonly #channel: CommandChannel;
  #stopping = new AbortController();

  constructor(options: ControlOptions) {
    const { cameras, client, metrics, log } = options;
    const prefix = client.topicPrefix;
    this.#options = options;
    const controller = new Controller({
      actions: this.#actions(),
      cameras: () => cameras.names,
      onOutcome: (command, outcome, reply) => {
        metrics.commands.inc({ command, outcome });
        const { camera, requestId, result, error } = reply;
        const about = { command: reply.command, camera, requestId, outcome };
        if (error) log.warn({ ...about, reason: error.message }, 'command not obeyed');
        else log.info({ ...about, result }, 'command obeyed');
      },
    });
    this.#channel = new CommandChannel({
      client,
      prefix,
      topics: topics(prefix),
      answer: async (command) => JSON.stringify(await controller.handle(command)),
      onIgnored: ({ name: command, camera }) => {
        metrics.commands.inc({ command: 'unknown', outcome: 'ignored' });
        log.warn({ command, camera }, 'a retained command was ignored: nobody asks for it now');
      },
      onRefused: (reason) => {
        metrics.mqttRefused.inc({ kind: 'subscribe' });
        log.error({ reason }, 'the broker does not let us listen for commands');
      },
    });
  }

  start(): void {
    const { cameras, overrides, log } = this.#options;
    this.#stopping = new AbortController();
    for (const camera of cameras.names) {
      const { threshold, muted, until } = overrides.of(camera) ?? {};
      if (threshold) log.warn({ camera, threshold }, 'a threshold holds that was set by command');
      if (muted) log.warn({ camera, until }, 'the camera is muted by command');
    }
    this.#channel.start();
  }

  /** Commands that wait for a frame or load a model fail; the others are brought to an end. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#channel.stop();
  }

  #actions(): Actions {
    const { configuredOf, overrides, judgeOf, requested, status } = this.#options;
    return {
      status: async () => status(),
      activate: async (version, model) => {
        const {
          name,
          version: modelVersion,
          threshold,
        } = await this.#judgeBy(model).models.activate(version, this.#stopping.signal);
        return { model: name, modelVersion, threshold };
      },
      trigger: async (camera, timeout) => {
        const limit = AbortSignal.any([AbortSignal.timeout(timeout), this.#stopping.signal]);
        return describeVerdict(await requested.ask(camera, limit), judgeOf(camera).bundle);
      },
      threshold: async (camera, threshold) => {
        await overrides.setThreshold(camera, threshold ?? undefined);
        const configured = configuredOf(camera);
        const { bundle } = judgeOf(camera);
        return {
          threshold: thresholdFor(bundle, threshold ?? configured),
          ...(threshold ?? configured),
          configured: thresholdFor(bundle, configured),
        };
      },
      mute: async (camera, duration) => {
        await overrides.mute(camera, duration);
        judgeOf(camera).inspector.mute(camera);
        return overrides.muteOf(camera);
      },
      unmute: async (camera) => {
        await overrides.unmute(camera);
        return overrides.muteOf(camera);
      },
    };
  }

  /** @throws KdadError COMMAND_INVALID where the name does not tell which model is meant */
  #judgeBy(model: string | undefined): Judge {
    const { all } = this.#options.judges;
    const meant = all.filter(({ bundle }) => model === undefined || bundle.name === model);
    if (meant.length === 1) return meant[0];
    const names = all.map(({ bundle }) => bundle.name).join(', ');
    throw new KdadError('COMMAND_INVALID', `model: expected one of ${names}, by a name that no other has`);
  }
}
