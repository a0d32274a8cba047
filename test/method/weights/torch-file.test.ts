import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KdadError } from '../../../src/common/errors.js';
import type { Weights } from '../../../src/method/model/weights.js';
import { readSafetensors } from '../../../src/method/weights/safetensors.js';
import { isTorchFile, readTorchFile } from '../../../src/method/weights/torch-file.js';

// Written by PyTorch, and read by it for the expected numbers: fixtures/golden/torch/make.py.
const golden = (name: string) => readFileSync(new URL(`../../fixtures/golden/torch/${name}`, import.meta.url));
const goldenFiles = readdirSync(new URL('../../fixtures/golden/torch', import.meta.url)).filter((n) =>
  n.endsWith('.pth'),
);

function expected(content: string): Weights {
  const entries = Object.entries(readSafetensors(golden('expected.safetensors'), 'expected').weights);
  const own = entries.filter(([key]) => key.startsWith(`${content}/`));
  return Object.fromEntries(own.map(([key, weight]) => [key.slice(content.length + 1), weight]));
}

function problem(bytes: Uint8Array): string {
  try {
    readTorchFile(bytes, 'teacher.pth');
  } catch (error) {
    expect(error).toBeInstanceOf(KdadError);
    expect((error as KdadError).code).toBe('WEIGHTS_INVALID');
    expect((error as KdadError).message).toMatch(/^teacher\.pth: /);
    return (error as KdadError).message;
  }
  throw new Error('it was read');
}

/** The file with one text in it exchanged for another of the same length. */
function exchange(bytes: Buffer, from: string, to: string): Buffer {
  expect(to.length).toBe(from.length);
  const at = bytes.indexOf(from, 0, 'latin1');
  expect(at).toBeGreaterThan(0);
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(to, 'latin1'), bytes.subarray(at + from.length)]);
}

/** A file of the older form around the pickle of what was saved, written in opcodes, with no storages. */
function legacy(...pickle: (string | number[])[]): Buffer {
  const head = golden('network.legacy.pth').subarray(0, 137);
  const body = pickle.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part)));
  return Buffer.concat([head, Buffer.from([0x80, 2]), ...body, Buffer.from('.\x80\x02].', 'latin1')]);
}

describe.each(['zip', 'legacy'])('a state dictionary that PyTorch wrote in the %s form', (form) => {
  it.each([
    ['of a network, without its counter of batches', 'network'],
    ['with transposed, strided, expanded, scalar and empty tensors', 'views'],
    ['in every floating-point type', 'types'],
    ['within a checkpoint, with the prefix of DataParallel', 'wrapped'],
  ])('is read: %s', (_what, content) => {
    const bytes = golden(`${content}.${form}.pth`);
    expect(isTorchFile(bytes)).toBe(true);
    expect(readTorchFile(bytes, 'teacher.pth')).toEqual(expected(content));
  });

  it('is refused when it would run code, and none runs', () => {
    expect(problem(golden(`malicious.${form}.pth`))).toMatch(/asks for "\w+\.system": kdad-edge refuses to run code/);
    expect(existsSync('/tmp/kdad-edge-was-here')).toBe(false);
  });

  it('is refused wherever it is cut off', () => {
    const bytes = golden(`network.${form}.pth`);
    for (let length = 0; length < bytes.length; length += 7) problem(bytes.subarray(0, length));
    expect(problem(bytes.subarray(0, bytes.length - 1))).toContain('truncated');
  });
});

describe('a PyTorch file', () => {
  const zip = golden('network.zip.pth');
  const unsupported = 'malformed pickle';

  it('may lie anywhere in memory', () => {
    const shifted = Buffer.concat([Buffer.alloc(3), zip]).subarray(3);
    expect(readTorchFile(shifted, 'teacher.pth')).toEqual(expected('network'));
  });

  it.each([
    ['another format', Buffer.from('GIF89a'), 'not a PyTorch file'],
    ['an empty file', Buffer.alloc(0), 'not a PyTorch file'],
    ['a whole model', golden('whole-model.zip.pth'), 'asks for "torch.nn.modules.container.Sequential"'],
    ['big-endian numbers', exchange(zip, 'little', 'big   '), 'byte order'],
    [
      'a zip of something else',
      exchange(exchange(zip, '/data.pkl', '/data.txt'), '/data.pkl', '/data.txt'),
      'data.pkl',
    ],
    ['a storage that is missing', exchange(zip, 'network.zip/data/0PK', 'network.zip/data/8PK'), 'data/0'],
    ['an opcode of a later protocol', legacy([0x95]), 'opcode 0x95'],
    ['an unknown type of numbers', legacy('ctorch\nByteStorage\n'), '"torch.ByteStorage"'],
    ['no dictionary', legacy('N'), 'no state dictionary'],
    ['a dictionary without tensors', legacy('}'), 'no tensors'],
    ['a call of something that is no function', legacy('}', ')R'), unsupported],
    ['an item without a list', legacy('}', 'Na'), unsupported],
    ['a mark without an end', legacy('(}'), unsupported],
    ['a memory of nothing', legacy('h', [9]), unsupported],
    ['a name that is not UTF-8', legacy('X', [1, 0, 0, 0, 0xff]), unsupported],
    ['a malformed storage', legacy('NQ'), 'a storage is malformed'],
    ['a malformed tensor', legacy('ctorch._utils\n_rebuild_tensor_v2\n', ')R'), 'a tensor is malformed'],
    ['a malformed parameter', legacy('ctorch._utils\n_rebuild_parameter\n', ')R'), 'a parameter is malformed'],
    ['an OrderedDict with arguments', legacy('ccollections\nOrderedDict\n', ']\x85R'), 'OrderedDict is malformed'],
  ])('is refused with the reason: %s', (_what, bytes, reason) => {
    expect(problem(bytes)).toContain(reason);
  });

  /** One tensor named `w` of 2 numbers, given its offset, shape and strides (each below 256, or 2^31 - 1 for -1). */
  const tensor = (offset: number, shape: number[], stride: number[]) => {
    const whole = (n: number) => (n < 0 ? [0x4a, 0xff, 0xff, 0xff, 0x7f] : [0x4b, n]);
    const tuple = (numbers: number[]) => ['(', numbers.flatMap(whole), 't'];
    const storage = ['(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu', whole(2), 'NtQ'];
    return [
      '}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(',
      ...storage,
      whole(offset),
      ...tuple(shape),
      ...tuple(stride),
      'tRs',
    ];
  };
  it.each([
    ['beyond its storage', tensor(1, [2], [1]), 'reaches beyond its storage of 2 numbers'],
    ['of more numbers than memory', tensor(0, [-1, -1, -1], [0, 0, 0]), 'numbers in a file of'],
    ['of 65 dimensions', tensor(0, Array(65).fill(1), Array(65).fill(0)), 'malformed'],
    ['of unequal shape and strides', tensor(0, [1], [1, 1]), 'malformed'],
    ['whose storage is not in the file', tensor(0, [2], [1]), 'storage 0 is missing'],
  ])('is refused before memory is taken for a tensor %s', (_what, pickle, reason) => {
    expect(problem(legacy(...pickle))).toContain(reason);
  });

  it('made of any opcodes gives weights or a clear error', () => {
    const byte = fc.nat(255).map((value) => [value]);
    const known = fc.constantFrom(...'()NGJKMQRX]abc}hjqrstu\x80\x85\x86\x87\x88\x89\x8a').map((opcode) => opcode);
    const words = fc.constantFrom(
      'ctorch._utils\n_rebuild_tensor_v2\n',
      'ctorch._utils\n_rebuild_parameter\n',
      'ccollections\nOrderedDict\n',
      'ctorch\nFloatStorage\n',
      'X\x07\0\0\0storage',
      'K\x02',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(known, words, byte), { maxLength: 40 }), (pickle) => {
        try {
          readTorchFile(legacy(...pickle), 'teacher.pth');
        } catch (error) {
          expect(error).toBeInstanceOf(KdadError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is not slow to refuse a pickle that nests and repeats itself', () => {
    const doubled = 'h\0\x86q\0'.repeat(1000);
    expect(problem(legacy(']q\0', doubled))).toContain('no state dictionary');
    expect(problem(legacy(']', '\x85'.repeat(100_000)))).toContain('no state dictionary');
  });

  it.each(goldenFiles)('with any damage (%s) gives weights or a clear error, nothing else', (name) => {
    const whole = golden(name);
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(damage, fc.integer({ min: 1, max: 4 * whole.length }), (changes, length) => {
        const bytes = Uint8Array.from(whole.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          const weights = Object.values(readTorchFile(bytes, 'teacher.pth'));
          expect(weights.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(KdadError);
        }
      }),
      { numRuns: 400 },
    );
  });
});
