/** What counts here of one RTP packet. */
export interface RtpPacket {
  /** Counts the packets of a sender, modulo 65536. */
  readonly sequence: number;
  /** Set by most senders on the last packet of a frame. */
  readonly marked: boolean;
  readonly payload: Buffer;
}

/**
 * Reads an RTP packet (RFC 3550, section 5.1).
 * @returns undefined for what is no packet, is cut off or is of another payload type
 */
export function readPacket(bytes: Buffer, payloadType: number): RtpPacket | undefined {
  if (bytes.length < 12 || bytes[0] >> 6 !== 2 || (bytes[1] & 0x7f) !== payloadType) return undefined;
  let begin = 12 + 4 * (bytes[0] & 15);
  if (bytes[0] & 0x10) {
    if (bytes.length < begin + 4) return undefined;
    begin += 4 + 4 * bytes.readUInt16BE(begin + 2);
  }
  const padding = bytes[0] & 0x20 ? bytes[bytes.length - 1] : 0;
  const payload = bytes.subarray(begin, Math.max(begin, bytes.length - padding));
  return { sequence: bytes.readUInt16BE(2), marked: (bytes[1] & 0x80) !== 0, payload };
}
