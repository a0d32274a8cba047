import type { IClientPublishOptions } from 'mqtt';

/** Bytes of the fixed header: one, and up to four of the length. */
const HEADER = 5;

/**
 * Bytes of a PUBLISH packet (OASIS MQTT 5.0, section 3.3), at most: a few more than it has where its length takes fewer
 * bytes.
 */
export function packetSize(
  topic: string,
  payload: string | Buffer,
  { qos = 0, properties }: Pick<IClientPublishOptions, 'qos' | 'properties'>,
): number {
  const identifier = qos > 0 ? 2 : 0;
  return HEADER + text(topic) + identifier + propertiesSize(properties) + Buffer.byteLength(payload);
}

/** With the bytes of their own length; without any, that is one byte in MQTT 5. */
function propertiesSize(properties: IClientPublishOptions['properties']): number {
  const { contentType, correlationData, userProperties } = properties ?? {};
  const pairs = Object.entries(userProperties ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value) => 1 + text(name) + text(value)),
  );
  return (
    HEADER -
    1 +
    (contentType === undefined ? 0 : 1 + text(contentType)) +
    (correlationData === undefined ? 0 : 3 + correlationData.length) +
    pairs.reduce((sum, bytes) => sum + bytes, 0)
  );
}

/** A text, with its length before it. */
const text = (value: string): number => 2 + Buffer.byteLength(value);
