import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  embedded,
  importTeacher,
  listTeachers,
  resolveTeacher,
  teacherFolder,
} from '../../../src/learning/teacher/store.js';
import { foldBatchNorm, initialiseStudent } from '../../../src/method/model/parameters.js';
import type { Weights } from '../../../src/method/model/weights.js';
import { readSafetensors, writeSafetensors } from '../../../src/method/weights/safetensors.js';
import { folderWith } from '../../fixtures/folder.js';

const student = initialiseStudent(1);
const folded = foldBatchNorm(student);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A store in a new folder, and files beside it. */
async function store(files: Readonly<Record<string, Uint8Array>> = {}) {
  const folder = await folderWith(files);
  const teachers = join(folder, 'teachers');
  return { teachers, environment: { KDAD_EDGE_TEACHERS: teachers }, path: (name: string) => join(folder, name) };
}

/** The weights as PyTorch's older form has them. */
function torchFile(weights: Weights): Buffer {
  const head = readFileSync(new URL('../../fixtures/golden/torch/network.legacy.pth', import.meta.url)).subarray(
    0,
    137,
  );
  const raw = (text: string) => Buffer.from(text, 'latin1');
  const number = (value: number) => {
    const bytes = Buffer.from('J....');
    bytes.writeInt32LE(value, 1);
    return bytes;
  };
  const text = (value: string) => Buffer.concat([raw('X'), number(value.length).subarray(1), raw(value)]);
  const tuple = (values: readonly number[]) => Buffer.concat([raw('('), ...values.map(number), raw('t')]);
  const tensors = Object.entries(weights).flatMap(([key, { shape, data }]) => {
    const stride = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
    return [
      ...[text(key), raw('ctorch._utils\n_rebuild_tensor_v2\n(('), text('storage'), raw('ctorch\nFloatStorage\n')],
      ...[text(key), text('cpu'), number(data.length), raw('NtQ'), number(0), tuple(shape), tuple(stride), raw('tRs')],
    ];
  });
  const keys = Object.keys(weights).map(text);
  const storages = Object.values(weights).flatMap(({ data }) => {
    const length = Buffer.alloc(8);
    length.writeBigInt64LE(BigInt(data.length));
    return [length, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
  });
  return Buffer.concat([head, raw('\x80\x02}'), ...tensors, raw('.\x80\x02]('), ...keys, raw('e.'), ...storages]);
}

describe("the teachers' folder", () => {
  it.each([
    ['the one that is named', { KDAD_EDGE_TEACHERS: '/srv/t', XDG_DATA_HOME: '/d', HOME: '/h' }, '/srv/t'],
    ['with the data of the user', { XDG_DATA_HOME: '/d', HOME: '/h' }, '/d/kdad-edge/teachers'],
    ['at home', { HOME: '/h' }, '/h/.local/share/kdad-edge/teachers'],
    ['at home where names are empty', { KDAD_EDGE_TEACHERS: '', XDG_DATA_HOME: '', HOME: '' }, undefined],
    [
      'at home where XDG_DATA_HOME is relative',
      { XDG_DATA_HOME: 'd', HOME: '/h' },
      '/h/.local/share/kdad-edge/teachers',
    ],
  ])('is %s', (_where, environment, expected) => {
    expect(teacherFolder(environment)).toBe(expected ?? join(homedir(), '.local/share/kdad-edge/teachers'));
  });
});

describe('a teacher that is imported', () => {
  it.each([
    ['torchvision names in safetensors', 'a.safetensors', () => writeSafetensors(student)],
    ['folded safetensors', 'b.safetensors', () => writeSafetensors(folded)],
    ['a PyTorch file', 'c.pth', () => torchFile(student)],
  ])('is kept folded, from %s', async (_what, file, make) => {
    const source = make();
    const { environment, teachers, path } = await store({ [file]: source });
    const kept = await importTeacher(path(file), 'line-7_v1.2', { environment });
    expect(kept).toMatchObject({ name: 'line-7_v1.2', path: join(teachers, 'line-7_v1.2.safetensors'), origin: file });
    const bytes = await readFile(kept.path);
    expect(kept).toMatchObject({ bytes: bytes.length, sha256: sha256(bytes) });
    const { weights, metadata } = readSafetensors(bytes, 'kept');
    expect(metadata).toEqual({ origin: file, sha256: sha256(source) });
    expect(sha256(writeSafetensors(weights))).toBe(sha256(writeSafetensors(folded)));
    expect(await readdir(teachers)).toEqual(['line-7_v1.2.safetensors']);
  });

  it('has the same bytes each time', async () => {
    const { environment, path } = await store({ 'a.safetensors': writeSafetensors(folded) });
    const [one, two] = [
      await importTeacher(path('a.safetensors'), 'one', { environment }),
      await importTeacher(path('a.safetensors'), 'two', { environment }),
    ];
    expect(two.sha256).toBe(one.sha256);
  });

  it('takes the place of another one only when told to', async () => {
    const other = foldBatchNorm(initialiseStudent(2));
    const files = { 'a.safetensors': writeSafetensors(folded), 'b.safetensors': writeSafetensors(other) };
    const { environment, path } = await store(files);
    const first = await importTeacher(path('a.safetensors'), 'mine', { environment });
    await expect(importTeacher(path('b.safetensors'), 'mine', { environment })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('"mine"'),
    });
    expect(sha256(await readFile(first.path))).toBe(first.sha256);
    const second = await importTeacher(path('b.safetensors'), 'mine', { environment, replace: true });
    expect(second.path).toBe(first.path);
    expect(second.sha256).not.toBe(first.sha256);
  });

  it.each(['', '.hidden', '../up', 'a/b', 'a b', 'größe', 'x.safetensors', 'x.PTH', embedded.name])(
    'cannot have the name "%s"',
    async (name) => {
      const { environment, teachers, path } = await store({ 'a.safetensors': writeSafetensors(folded) });
      const imported = importTeacher(path('a.safetensors'), name, { environment, replace: true });
      await expect(imported).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(`"${name}"`) });
      expect(existsSync(teachers)).toBe(false);
    },
  );

  it.each([
    ['is missing', undefined, 'cannot be read'],
    ['is another network', writeSafetensors({ w: { shape: [1], data: Float32Array.of(1) } }), 'not a ResNet-18'],
    ['is nothing of the kind', Buffer.from('GIF89a and so on'), 'not a safetensors file'],
  ])('leaves nothing behind when the file %s', async (_what, bytes, reason) => {
    const { environment, teachers, path } = await store(bytes && { 'a.pth': bytes });
    await expect(importTeacher(path('a.pth'), 'mine', { environment })).rejects.toMatchObject({
      code: 'WEIGHTS_INVALID',
      message: expect.stringContaining(reason),
    });
    expect(existsSync(teachers)).toBe(false);
  });

  it('says so when the store cannot be written', async () => {
    const { path } = await store({ 'a.safetensors': writeSafetensors(folded) });
    const environment = { KDAD_EDGE_TEACHERS: path('a.safetensors') };
    await expect(importTeacher(path('a.safetensors'), 'mine', { environment })).rejects.toMatchObject({
      code: 'STORE_UNWRITABLE',
    });
  });
});

describe('the list of teachers', () => {
  it('has the embedded one, where it is, and those kept here by name, with where they came from', async () => {
    const { environment, teachers, path } = await store({ 'a.safetensors': writeSafetensors(folded) });
    const ofPackage = existsSync(embedded.path) ? [embedded.name] : [];
    expect((await listTeachers(environment)).map(({ name }) => name)).toEqual(ofPackage);
    await importTeacher(path('a.safetensors'), 'zebra', { environment });
    const ant = await importTeacher(path('a.safetensors'), 'ant', { environment });
    await writeFile(join(teachers, 'notes.txt'), 'not a teacher');
    await writeFile(join(teachers, 'cut.safetensors'), 'half');
    const list = await listTeachers(environment);
    expect(list.map(({ name }) => name)).toEqual([...ofPackage, 'ant', 'cut', 'zebra']);
    expect(list.at(-3)).toEqual(ant);
    expect(list.at(-2)?.origin).toMatch(/^damaged: .*cut\.safetensors/);
  });
});

describe('the teacher that a user means', () => {
  it("is the package's own when nothing is said", async () => {
    const root = fileURLToPath(new URL('../../..', import.meta.url));
    expect(await resolveTeacher(undefined, {})).toBe(join(root, 'assets/teacher/kdad-r18.safetensors'));
    expect(await resolveTeacher('kdad-r18', {})).toBe(embedded.path);
  });

  it.each(['some/where', 'away.safetensors', 'away.pth', './away'])('is the file %s, there or not', async (file) => {
    expect(await resolveTeacher(file, {})).toBe(file);
  });

  it('is a file that exists, whatever it is called, and no folder', async () => {
    const { environment } = await store();
    expect(await resolveTeacher('LICENSE', environment)).toBe('LICENSE');
    await expect(resolveTeacher('src', environment)).rejects.toMatchObject({ code: 'WEIGHTS_INVALID' });
  });

  it('is one that is kept here, by its name; others are listed when nobody has that name', async () => {
    const { environment, teachers } = await store();
    const path = join(teachers, 'mine.safetensors');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, writeSafetensors(folded));
    expect((await stat(await resolveTeacher('mine', environment))).isFile()).toBe(true);
    await expect(resolveTeacher('yours', environment)).rejects.toMatchObject({
      code: 'WEIGHTS_INVALID',
      message: expect.stringMatching(/"yours"; there are kdad-r18, mine; kdad-edge teacher pull NAME/),
    });
  });
});
