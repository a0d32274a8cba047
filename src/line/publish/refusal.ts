/**
 * What a refusal is about: `message`, which the broker will never take; `busy`, a broker that has too much to do or too
 * little room now; or it does not say (`unclear`).
 */
export type RefusalKind = 'message' | 'busy' | 'unclear';

/** The broker does not take what we sent. */
export class Refusal extends Error {
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = 'Refusal';
    this.kind = kind;
  }
}

/** Reason codes of MQTT 5.0 (OASIS, section 2.4) that can answer a message, as PUBACK, PUBREC, SUBACK or DISCONNECT. */
const reasons = new Map<number, { readonly text: string; readonly kind: RefusalKind }>([
  [0x80, { text: 'unspecified error', kind: 'unclear' }],
  [0x83, { text: 'implementation specific error', kind: 'unclear' }],
  [0x87, { text: 'not authorised', kind: 'message' }],
  [0x89, { text: 'server busy', kind: 'busy' }],
  [0x8f, { text: 'topic filter invalid', kind: 'message' }],
  [0x90, { text: 'topic name invalid', kind: 'message' }],
  [0x91, { text: 'packet identifier in use', kind: 'unclear' }],
  [0x93, { text: 'receive maximum exceeded', kind: 'busy' }],
  [0x94, { text: 'topic alias invalid', kind: 'message' }],
  [0x95, { text: 'packet too large', kind: 'message' }],
  [0x96, { text: 'message rate too high', kind: 'busy' }],
  [0x97, { text: 'quota exceeded', kind: 'busy' }],
  [0x99, { text: 'payload format invalid', kind: 'message' }],
  [0x9a, { text: 'retain not supported', kind: 'message' }],
  [0x9b, { text: 'QoS not supported', kind: 'message' }],
  [0xa2, { text: 'wildcard subscriptions not supported', kind: 'message' }],
]);

/** @param code that a PUBACK, PUBREC or SUBACK gives, 0x80 or more */
export function refusalOf(code: number, cause?: unknown): Refusal {
  const { text, kind } = reasons.get(code) ?? { text: 'refused', kind: 'unclear' };
  return new Refusal(kind, `${text} (0x${code.toString(16)})`, { cause });
}

/**
 * What a DISCONNECT says of the message that the broker had got just before; undefined where it tells of something
 * else.
 */
export function refusalByDisconnect(code = 0): Refusal | undefined {
  return reasons.get(code)?.kind === 'message' ? refusalOf(code) : undefined;
}
