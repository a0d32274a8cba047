import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KdadError } from '../../../src/common/errors.js';
import { floatToHalf, halfToFloat, halvesToFloats } from '../../../src/common/half.js';
import type { Weights } from '../../../src/method/model/weights.js';
import { readSafetensors, writeSafetensors } from '../../../src/method/weights/safetensors.js';

const weightsArbitrary: fc.Arbitrary<Weights> = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 12 }).filter((name) => name !== '__metadata__' && name !== '__proto__'),
  fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }).chain((shape) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return fc.float32Array({ minLength: size, maxLength: size, noNaN: true }).map((data) => ({ shape, data }));
  }),
  { maxKeys: 6 },
);

/** A file with this header and so many bytes of data. */
function file(header: unknown, dataBytes = 0): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

describe('safetensors', () => {
  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(weightsArbitrary, (weights) => {
        expect(readSafetensors(writeSafetensors(weights), 'file').weights).toEqual({ ...weights });
      }),
    );
  });

  it('writes the same bytes whatever the order of the tensors', () => {
    const [a, b] = [1, 2].map((n) => ({ shape: [1], data: Float32Array.of(n) }));
    expect(writeSafetensors({ a, b })).toEqual(writeSafetensors({ b, a }));
  });

  it('keeps text beside the tensors', () => {
    expect(readSafetensors(writeSafetensors({}, { metadata: { origin: 'grüße' } }), 'file').metadata).toEqual({
      origin: 'grüße',
    });
  });

  it('stores half precision in half the space, within its rounding', () => {
    const weights = { w: { shape: [4], data: Float32Array.of(0.1, -1.5, 65504, 6e-8) } };
    const bytes = writeSafetensors(weights, { precision: 'float16' });
    const { data } = readSafetensors(bytes, 'file').weights.w;
    data.forEach((value, i) => {
      expect(Math.abs(value - weights.w.data[i])).toBeLessThanOrEqual(
        Math.abs(weights.w.data[i]) * 2 ** -11 + 2 ** -25,
      );
    });
  });

  it("passes over PyTorch's integer counters", () => {
    const header = { 'bn1.num_batches_tracked': { dtype: 'I64', shape: [], data_offsets: [0, 8] } };
    expect(readSafetensors(file(header, 8), 'file').weights).toEqual({});
  });

  const tensor = (change: object) => ({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...change } });
  it.each([
    ['an empty file', new Uint8Array(0), 'only 0 bytes'],
    ['another format', Buffer.from('PK\x03\x04 something quite different'), 'not a safetensors file'],
    ['a header cut off', file({}).subarray(0, 9), 'truncated'],
    ['a header that is no JSON', file('{"w":'), 'not JSON'],
    ['a header that is a list', file('[]'), 'not an object'],
    ['data cut off', file(tensor({}), 4), 'truncated: tensor "w"'],
    ['an unknown type', file(tensor({ dtype: 'I8' }), 8), 'type I8; expected F32 or F16'],
    ['a shape that does not fit', file(tensor({ shape: [3] }), 8), 'has 8 bytes; expected 12'],
    ['a negative shape', file(tensor({ shape: [-2] }), 8), 'no valid dtype and shape'],
    ['no offsets', file(tensor({ data_offsets: null }), 8), 'no valid data_offsets'],
    ['a hole', file(tensor({ data_offsets: [8, 16] }), 16), 'begins at byte 8'],
    ['bytes left over', file(tensor({}), 12), '4 bytes after the last tensor'],
    ['metadata that is no text', file({ __metadata__: { a: 1 } }), '__metadata__'],
  ])('refuses %s, naming the file and the fault', (_what, bytes, fault) => {
    expect(() => readSafetensors(bytes, 'teacher.safetensors')).toThrow(
      expect.objectContaining({ code: 'WEIGHTS_INVALID', message: expect.stringContaining(fault) }),
    );
    expect(() => readSafetensors(bytes, 'teacher.safetensors')).toThrow(/^teacher\.safetensors: /);
  });

  it('answers any damage with a clear error or with weights, never with a crash', () => {
    const whole = writeSafetensors({ a: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, value, length) => {
        const damaged = whole.slice(0, length);
        if (at < length) damaged[at] = value;
        try {
          readSafetensors(damaged, 'file');
        } catch (error) {
          expect(error).toBeInstanceOf(KdadError);
        }
      }),
    );
  });
});

describe('a hostile safetensors file', () => {
  const kdadErrorOr = (bytes: Uint8Array): Weights | undefined => {
    try {
      return readSafetensors(bytes, 'file').weights;
    } catch (error) {
      expect(error).toBeInstanceOf(KdadError);
      return undefined;
    }
  };

  it('is refused or read, whatever its header says, and never takes more memory than it has numbers', () => {
    const count = fc.oneof(fc.nat(8), fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 53, 1e308, null, '2'));
    const entry = fc.record({
      dtype: fc.constantFrom('F32', 'F16', 'I64', 'BF16', ''),
      shape: fc.oneof(fc.array(count, { maxLength: 4 }), fc.jsonValue()),
      data_offsets: fc.oneof(fc.tuple(count, count), fc.jsonValue()),
    });
    const name = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '__metadata__', '../../w'));
    const header = fc.oneof(
      fc.array(fc.tuple(name, fc.oneof(entry, fc.jsonValue()))).map((entries) => Object.fromEntries(entries)),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(header, fc.nat(64), (any, dataBytes) => {
        const weights = kdadErrorOr(file(any, dataBytes)) ?? {};
        const numbers = Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
        expect(numbers).toBeLessThanOrEqual(dataBytes / 2);
      }),
      { numRuns: 1000 },
    );
  });

  it('is refused before memory is taken when many tensors lie over the same bytes', () => {
    const [count, bytes] = [20_000, 4_000_000];
    const entry = { dtype: 'F32', shape: [bytes / 4], data_offsets: [0, bytes] };
    const header = Object.fromEntries(Array.from({ length: count }, (_, i) => [`w${i}`, entry]));
    const before = process.memoryUsage().arrayBuffers;
    expect(() => readSafetensors(file(header, bytes), 'file')).toThrow(
      /begins at byte 0 of the data; expected 4000000/,
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100e6);
  });

  it('cannot change what every object has', () => {
    const weights = readSafetensors(
      file('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
      'file',
    ).weights;
    expect(Object.keys(weights)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(weights)).toBe(Object.prototype);
  });
});

describe('half precision', () => {
  it('is exact for every half', () => {
    const halves = Array.from({ length: 65536 }, (_, half) => half).filter((half) => !Number.isNaN(halfToFloat(half)));
    expect(halves.filter((half) => floatToHalf(halfToFloat(half)) !== half)).toEqual([]);
  });

  it('rounds to the nearest, ties to even', () => {
    expect(floatToHalf(1 + 2 ** -11)).toBe(floatToHalf(1));
    expect(floatToHalf(1 + 3 * 2 ** -11)).toBe(floatToHalf(1 + 2 ** -9));
    expect(floatToHalf(65520)).toBe(0x7c00);
    expect(halfToFloat(floatToHalf(Number.NaN))).toBeNaN();
  });

  it('reads many at once as it reads one', () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, half) => half);
    expect(halvesToFloats(halves)).toEqual(Float32Array.from(halves, halfToFloat));
  });
});
