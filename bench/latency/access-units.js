import { readFile } from 'node:fs/promises';

/** The access units of a bare H.264 stream with delimiters, each a list of its NAL units. */
export async function accessUnits(stream) {
  const bytes = await readFile(stream);
  const units = [];
  for (let begin = start(bytes, 0); begin < bytes.length; ) {
    const end = start(bytes, begin);
    // What follows a NAL unit's end is the zeros of the next one's start code.
    let last = end < bytes.length ? end - 3 : end;
    while (bytes[last - 1] === 0) last--;
    const unit = bytes.subarray(begin, last);
    if ((unit[0] & 31) === 9) units.push([]);
    else units.at(-1).push(unit);
    begin = end;
  }
  return units;
}

/** Where the next NAL unit begins: behind its start code. */
function start(bytes, from) {
  const code = bytes.indexOf('\0\0\x01', from, 'latin1');
  return code === -1 ? bytes.length : code + 3;
}
