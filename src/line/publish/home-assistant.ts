import { createHash } from 'node:crypto';
import { version } from '../../common/version.js';
import type { BrokerClient } from './broker-client.js';
import type { Topics } from './topics.js';

export interface HomeAssistantOptions {
  readonly client: BrokerClient;
  /** What every topic of ours begins with. */
  readonly prefix: string;
  readonly topics: Topics;
  /** What every topic of discovery begins with. */
  readonly discoveryPrefix: string;
  /** The broker does not let us hear whether Home Assistant has started. */
  onRefused(reason: string): void;
}

/**
 * Tells Home Assistant of each camera, as one device with its entities, retained; again on every connect, and when Home
 * Assistant says that it has started. https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
 */
export class HomeAssistant {
  readonly #options: HomeAssistantOptions;
  readonly #cameras = new Set<string>();

  constructor(options: HomeAssistantOptions) {
    this.#options = options;
  }

  start(): void {
    const { client, discoveryPrefix, onRefused } = this.#options;
    client.subscribe(`${discoveryPrefix}/status`, {
      onMessage: ({ payload }) => {
        if (payload.toString() === 'online') for (const camera of this.#cameras) this.add(camera);
      },
      onRefused,
    });
  }

  stop(): void {}

  add(camera: string): void {
    this.#cameras.add(camera);
    this.#options.client.retain(this.#topicOf(camera), JSON.stringify(discoveryPayload(camera, this.#options)));
  }

  /** Home Assistant takes the device away. */
  forget(camera: string): void {
    this.#cameras.delete(camera);
    this.#options.client.retain(this.#topicOf(camera), '');
  }

  #topicOf(camera: string): string {
    return discoveryTopic(camera, this.#options);
  }
}

/** Where Home Assistant learns of a camera. */
export function discoveryTopic(
  camera: string,
  { prefix, discoveryPrefix }: Pick<HomeAssistantOptions, 'prefix' | 'discoveryPrefix'>,
): string {
  return `${discoveryPrefix}/device/${deviceId(prefix, camera)}/config`;
}

/** Unique among all boxes and cameras at a broker, of letters, digits, `-` and `_` only. */
export function deviceId(prefix: string, camera: string): string {
  const readable = `${prefix}-${camera}`.replace(/[^A-Za-z0-9_-]/g, '-');
  // Other prefixes may read the same.
  return `${readable}-${createHash('sha256').update(`${prefix}/${camera}`).digest('hex').slice(0, 8)}`;
}

/** What Home Assistant learns of a camera: an alert, a ratio and the heatmap of the last alert. */
export function discoveryPayload(
  camera: string,
  { prefix, topics }: Pick<HomeAssistantOptions, 'prefix' | 'topics'>,
): object {
  const id = deviceId(prefix, camera);
  const inspection = topics.inspection(camera);
  return {
    device: {
      identifiers: [id],
      name: `${prefix} ${camera}`,
      manufacturer: 'kdad-edge',
      model: 'Visual inspection',
      sw_version: version,
    },
    origin: { name: 'kdad-edge', sw_version: version },
    availability: [
      { topic: topics.availability },
      {
        topic: topics.state(camera),
        value_template: "{{ 'online' if value_json.state == 'live' else 'offline' }}",
      },
    ],
    availability_mode: 'all',
    components: {
      alert: {
        platform: 'binary_sensor',
        unique_id: `${id}-alert`,
        name: 'Alert',
        device_class: 'problem',
        state_topic: inspection,
        value_template: "{{ 'ON' if value_json.alert == 'open' else 'OFF' }}",
        json_attributes_topic: inspection,
      },
      ratio: {
        platform: 'sensor',
        unique_id: `${id}-ratio`,
        name: 'Anomaly ratio',
        state_class: 'measurement',
        suggested_display_precision: 2,
        state_topic: inspection,
        value_template: '{{ value_json.ratio }}',
      },
      heatmap: {
        platform: 'image',
        unique_id: `${id}-heatmap`,
        name: 'Heatmap',
        content_type: 'image/jpeg',
        image_topic: topics.heatmap(camera),
      },
    },
  };
}
