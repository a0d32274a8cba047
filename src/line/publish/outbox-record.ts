/** A message on its way to the broker. */
export interface OutboxMessage {
  readonly kind: 'alert' | 'heatmap';
  readonly topic: string;
  readonly payload: Buffer;
  /** Of the alert that it is about. */
  readonly alert: string;
  /** When it was made, in steady time. */
  readonly madeAt: number;
}

/** A line of JSON about the payload, then the payload. */
export function encodeMessage({ payload, ...about }: OutboxMessage): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(about)}\n`), payload]);
}

/** @returns undefined for what is no message: damage can be anywhere in it */
export function decodeMessage(value: Buffer): OutboxMessage | undefined {
  const end = value.indexOf('\n');
  try {
    const { kind, topic, alert, madeAt } = JSON.parse(value.subarray(0, end).toString());
    const whole =
      (kind === 'alert' || kind === 'heatmap') &&
      isTopic(topic) &&
      typeof alert === 'string' &&
      Number.isFinite(madeAt);
    return whole ? { kind, topic, alert, madeAt, payload: value.subarray(end + 1) } : undefined;
  } catch {
    return undefined;
  }
}

/** One that a message may go to: a broker would hang up on any other (OASIS MQTT 5.0, section 4.7). */
const isTopic = (topic: unknown): boolean =>
  typeof topic === 'string' && /^[^+#\0]+$/.test(topic) && Buffer.byteLength(topic) <= 65_535;

/** Whether an alert is open after this message; undefined for one that says nothing of that. */
export function opensAlert({ kind, payload }: OutboxMessage): boolean | undefined {
  if (kind !== 'alert') return undefined;
  try {
    const { event } = JSON.parse(payload.toString());
    return event === 'closed' ? false : event === 'opened' || event === 'updated' || undefined;
  } catch {
    return undefined;
  }
}
