import { KdadError } from '../../common/errors.js';
import { floatToHalf, halvesToFloats } from '../../common/half.js';
import type { Weights } from '../model/weights.js';

export type Precision = 'float32' | 'float16';

const types: Record<Precision, { code: string; bytes: number }> = {
  float32: { code: 'F32', bytes: 4 },
  float16: { code: 'F16', bytes: 2 },
};

/** The format allows 100 MB of header (https://github.com/huggingface/safetensors#format). */
const LARGEST_HEADER = 100_000_000;

/** PyTorch's counter of batches, an integer that no network needs to run. */
const COUNTER = /num_batches_tracked$/;

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

/** What a file holds: its weights and the free text that it was written with. */
export interface Safetensors {
  readonly weights: Weights;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a safetensors file: https://github.com/huggingface/safetensors#format.
 * @param name of the file, for errors
 * @throws KdadError WEIGHTS_INVALID
 */
export function readSafetensors(bytes: Uint8Array, name: string): Safetensors {
  const fail = (what: string) => new KdadError('WEIGHTS_INVALID', `${name}: ${what}`);
  const { header, dataStart } = readHeader(bytes, fail);
  const { __metadata__: metadata = {}, ...entries } = header;
  if (!isTextRecord(metadata)) throw fail('__metadata__ is not an object of texts');
  const available = bytes.length - dataStart;
  const tensors = Object.entries(entries).map(
    ([key, value]) => [key, checkEntry(key, value, available, fail)] as const,
  );
  // Before memory is taken: many tensors over the same bytes would take a multiple of the file.
  checkSpans(
    tensors.map(
      ([
        key,
        {
          data_offsets: [begin, end],
        },
      ]) => [begin, end, key],
    ),
    available,
    fail,
  );
  const weights = tensors
    .filter(([key]) => !COUNTER.test(key))
    .map(
      ([
        key,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const data = decode(bytes.subarray(dataStart + begin, dataStart + end), dtype);
        return [key, { shape, data }];
      },
    );
  return { weights: Object.fromEntries(weights), metadata };
}

const isTextRecord = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');

type Fail = (what: string) => KdadError;

function readHeader(bytes: Uint8Array, fail: Fail): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < 8)
    throw fail(`only ${bytes.length} bytes; a safetensors file begins with 8 bytes of header length`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > LARGEST_HEADER) throw fail('not a safetensors file (its header would be larger than 100 MB)');
  if (8 + length > bytes.length)
    throw fail(`truncated: the header takes ${length} bytes, the file has ${bytes.length}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)));
  } catch (error) {
    throw fail(`the header is not JSON (${(error as Error).message})`);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw fail('the header is not an object');
  return { header: header as Record<string, unknown>, dataStart: 8 + length };
}

function checkEntry(key: string, value: unknown, available: number, fail: Fail): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<Entry>;
  const isCount = (n: unknown) => typeof n === 'number' && Number.isSafeInteger(n) && n >= 0;
  if (typeof dtype !== 'string' || !Array.isArray(shape) || !shape.every(isCount)) {
    throw fail(`tensor "${key}" has no valid dtype and shape`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    throw fail(`tensor "${key}" has no valid data_offsets`);
  }
  if (offsets[1] > available) {
    throw fail(`truncated: tensor "${key}" ends at byte ${offsets[1]} of the data, which has ${available}`);
  }
  if (!COUNTER.test(key)) {
    const type = Object.values(types).find(({ code }) => code === dtype);
    if (!type) throw fail(`tensor "${key}" has type ${dtype}; expected F32 or F16`);
    const expected = shape.reduce((product: number, n: number) => product * n, type.bytes);
    const actual = offsets[1] - offsets[0];
    if (actual !== expected)
      throw fail(`tensor "${key}" of shape [${shape}] has ${actual} bytes; expected ${expected}`);
  }
  return value as Entry;
}

/** Tensors must cover the data without holes or overlaps, as the format demands. */
function checkSpans(spans: [number, number, string][], available: number, fail: Fail): void {
  let end = 0;
  for (const [begin, next, key] of spans.sort(([a, b], [c, d]) => a - c || b - d)) {
    if (begin !== end) throw fail(`tensor "${key}" begins at byte ${begin} of the data; expected ${end}`);
    end = next;
  }
  if (end !== available) throw fail(`${available - end} bytes after the last tensor`);
}

function decode(bytes: Uint8Array, dtype: string): Float32Array {
  const copy = new Uint8Array(bytes);
  return dtype === 'F32' ? new Float32Array(copy.buffer) : halvesToFloats(new Uint16Array(copy.buffer));
}

/** The same weights give the same bytes: tensors are written in the order of their names. */
export function writeSafetensors(
  weights: Weights,
  { precision = 'float32', metadata }: { precision?: Precision; metadata?: Readonly<Record<string, string>> } = {},
): Uint8Array {
  const { code, bytes: width } = types[precision];
  const names = Object.keys(weights).sort();
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  let end = 0;
  for (const name of names) {
    const { shape, data } = weights[name];
    header[name] = { dtype: code, shape, data_offsets: [end, end + data.length * width] };
    end += data.length * width;
  }
  const json = Buffer.from(JSON.stringify(header));
  // Data begin at a multiple of eight bytes, as the reference implementation has it.
  const text = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const file = new Uint8Array(8 + text.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  let offset = 8 + text.length;
  for (const name of names) {
    const { data } = weights[name];
    const numbers = precision === 'float32' ? data : Uint16Array.from(data, floatToHalf);
    file.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), offset);
    offset += numbers.byteLength;
  }
  return file;
}
