import { steadyNow } from '../../common/clock.js';
import type { CameraState } from '../camera/camera.js';
import type { AlertEvent } from '../inspection/alerts.js';
import type { Verdict } from '../inspection/verdict.js';
import type { BrokerClient } from './broker-client.js';
import { Courier } from './courier.js';
import type { HomeAssistant } from './home-assistant.js';
import { InspectionStates } from './inspection-states.js';
import type { Outbox, OutboxMessage } from './outbox.js';
import { Refusal } from './refusal.js';
import {
  alertPayload,
  interruptedPayload,
  type ModelName,
  statePayload,
  type Topics,
  verdictPayload,
} from './topics.js';

export interface PublisherOptions {
  /** Is started before, and stopped after us; so is the outbox. */
  readonly client: BrokerClient;
  readonly outbox: Outbox;
  readonly topics: Topics;
  /** Told of cameras, too, where it is asked for. */
  readonly homeAssistant?: HomeAssistant;
  /** The bundle that judges a camera now, for the payloads. */
  readonly model: (camera: string) => ModelName;
  /** The outbox cannot be used any more: alerts are sent without it, and lost where the broker is away. */
  readonly onOutboxFailure: (error: Error) => void;
  /** The broker will never take a message of the outbox, which has left it. */
  readonly onRefused?: (message: OutboxMessage, reason: string) => unknown;
  /** Whether alerts may go out now, where the broker is there; always when absent. */
  readonly mayDeliver?: () => boolean;
  /** A camera is watched from now on. */
  readonly onCamera?: (camera: string) => void;
  /** An alert that was open when an earlier run ended is told to be closed. */
  readonly onInterrupted?: (message: OutboxMessage) => void;
}

/** Milliseconds that `stop` waits for messages under way. */
const FAREWELL = 2000;

/** Publishes alerts, heatmaps and states; alerts with their heatmaps wait in the outbox while the broker is away. */
export class MqttPublisher {
  readonly #options: PublisherOptions;
  readonly #courier: Courier;
  readonly #states: InspectionStates;

  constructor(options: PublisherOptions) {
    const { client, outbox, topics, onOutboxFailure, onRefused } = options;
    this.#options = options;
    this.#states = new InspectionStates(client, topics);
    this.#courier = new Courier({
      outbox,
      connected: () => client.connected && (options.mayDeliver?.() ?? true),
      deliver: (message, late, key) => this.#deliver(message, late, key),
      onRefused: async (message, reason) => {
        await onRefused?.(message, reason);
      },
      onFailure: onOutboxFailure,
    });
  }

  start(): void {
    const { client } = this.#options;
    this.#courier.start();
    client.onConnect(() => this.#courier.wake());
    this.#courier.wake();
    this.#closeInterrupted();
  }

  /** Alerts may go out that had to wait for something else than the broker. */
  wake(): void {
    this.#courier.wake();
  }

  /** After the messages under way, if the broker is there. */
  async stop(): Promise<void> {
    this.#states.stop();
    await this.#courier.emptied(FAREWELL);
    await this.#courier.stop();
  }

  /** The camera is watched from now on. */
  addCamera(camera: string): void {
    this.#states.add(camera);
    this.#options.homeAssistant?.add(camera);
    this.#options.onCamera?.(camera);
  }

  cameraState(camera: string, state: CameraState, reason?: string): void {
    const { client, topics } = this.#options;
    client.retain(topics.state(camera), statePayload(state, Date.now(), reason));
  }

  /** The camera is watched no more: the broker forgets it. */
  forgetCamera(camera: string): void {
    const { client, topics, homeAssistant } = this.#options;
    homeAssistant?.forget(camera);
    this.#states.forget(camera);
    client.retain(topics.state(camera), '');
  }

  /** Resolves when the alert is on disk: from then on it is not lost. */
  alert(event: AlertEvent): Promise<void> {
    const { topics, model } = this.#options;
    const payload = Buffer.from(alertPayload(event, model(event.camera)));
    this.#states.alert(event);
    return this.#post({
      kind: 'alert',
      topic: topics.alert(event.camera),
      payload,
      alert: event.id,
      madeAt: steadyNow(),
    });
  }

  /** @param overlay JPEG of the alert's peak */
  heatmap(event: AlertEvent, overlay: Buffer): Promise<void> {
    const topic = this.#options.topics.heatmap(event.camera);
    return this.#post({ kind: 'heatmap', topic, payload: overlay, alert: event.id, madeAt: steadyNow() });
  }

  /** The ratio is told now and then, see `InspectionStates`. */
  judged(verdict: Verdict): void {
    this.#states.verdict(verdict);
  }

  /** The verdict in full. */
  verdict(verdict: Verdict): void {
    const { client, topics, model } = this.#options;
    client.send(topics.verdict(verdict.camera), verdictPayload(verdict, model(verdict.camera)), { qos: 0 });
  }

  /** Into the outbox, and from there to the broker; past it where it cannot be used. */
  #post(message: OutboxMessage): Promise<void> {
    const { outbox, onOutboxFailure } = this.#options;
    return outbox.add(message).then(
      () => {
        this.#courier.wake();
        this.#closeInterrupted();
      },
      (error: Error) => {
        onOutboxFailure(error);
        this.#deliver(message, false, message.topic).catch((refusal: Error) => {
          if (refusal instanceof Refusal) this.#options.onRefused?.(message, refusal.message);
        });
      },
    );
  }

  /** Nobody else would tell of the end of an alert that was open when the daemon was killed. */
  #closeInterrupted(): void {
    const { outbox, onInterrupted } = this.#options;
    for (const last of outbox.takeInterrupted()) {
      const payload = Buffer.from(interruptedPayload(last.payload.toString(), Date.now()));
      onInterrupted?.(last);
      void this.#post({ ...last, payload, madeAt: steadyNow() });
    }
  }

  /** Resolves when the broker has acknowledged it; a heatmap when it has been sent. */
  async #deliver({ kind, topic, payload, alert }: OutboxMessage, late: boolean, key: string): Promise<void> {
    const { client } = this.#options;
    if (kind === 'alert') return client.publish(topic, late ? markLate(payload) : payload, { qos: 1 }, key);
    const properties = { contentType: 'image/jpeg', userProperties: { alert, ...(late && { late: 'true' }) } };
    await client.publish(topic, payload, { qos: 0, properties }, key);
  }
}

/** @throws Refusal for what the disk has damaged */
function markLate(payload: Buffer): string {
  try {
    return JSON.stringify({ ...JSON.parse(payload.toString()), late: true });
  } catch (cause) {
    throw new Refusal('message', 'damaged: no JSON', { cause });
  }
}
