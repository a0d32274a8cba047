/** A message's type (ITU-T H.264, table D-1, and H.265, table D.1). */
const RECOVERY_POINT = 6;

/**
 * What a unit of supplemental information says of a point of recovery (ITU-T H.264, D.1.8; H.265, D.2.8): a decoder
 * that begins with this picture is right so many pictures later, as cameras need that refresh a part of each picture
 * and send no key pictures.
 *
 * @param messages behind the unit's header, as sent
 * @returns pictures, not negative; undefined where it says nothing, or only part of it is there
 */
export function recoveryPoint(messages: Uint8Array, isSigned: boolean): number | undefined {
  const bytes = withoutPrevention(messages);
  const number = (from: number): [value: number, end: number] => {
    let [value, at] = [0, from];
    while (bytes[at] === 0xff) value += bytes[at++];
    return [value + (bytes[at] ?? 0), at + 1];
  };
  // The last byte ends the unit.
  for (let at = 0; at + 2 < bytes.length; ) {
    const [type, behindType] = number(at);
    const [size, begin] = number(behindType);
    if (type !== RECOVERY_POINT) at = begin + size;
    else {
      const code = begin + size <= bytes.length ? expGolomb(bytes.subarray(begin, begin + size)) : undefined;
      if (code === undefined || !isSigned) return code;
      return code % 2 === 1 ? (code + 1) / 2 : 0;
    }
  }
  return undefined;
}

/** The first unsigned Exp-Golomb code (ITU-T H.264, section 9.1); undefined where it is longer than these bytes. */
export function expGolomb(bytes: Uint8Array): number | undefined {
  const bit = (at: number) => (bytes[at >> 3] >> (7 - (at & 7))) & 1;
  let zeros = 0;
  while (zeros < 8 * bytes.length && bit(zeros) === 0) zeros++;
  if (2 * zeros + 1 > 8 * bytes.length) return undefined;
  let value = 0;
  for (let at = zeros; at <= 2 * zeros; at++) value = 2 * value + bit(at);
  return value - 1;
}

/** Without the bytes that keep a start code from appearing (ITU-T H.264, section 7.4.1). */
function withoutPrevention(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte, at) => !(byte === 3 && at >= 2 && bytes[at - 1] === 0 && bytes[at - 2] === 0));
}
