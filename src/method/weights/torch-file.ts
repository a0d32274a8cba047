import { KdadError } from '../../common/errors.js';
import { halfToFloat } from '../../common/half.js';
import type { Weight, Weights } from '../model/weights.js';
import { readPickle } from './pickle.js';
import { storedEntries } from './stored-zip.js';

/** The kinds of numbers that are read; whole numbers (PyTorch's counters of batches) are passed over. */
interface ElementType {
  readonly bytes: number;
  readonly read?: (view: DataView, at: number) => number;
}

const elementTypes = new Map<string, ElementType>([
  ['torch.FloatStorage', { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
  ['torch.HalfStorage', { bytes: 2, read: (view, at) => halfToFloat(view.getUint16(at, true)) }],
  ['torch.BFloat16Storage', { bytes: 2, read: (view, at) => bfloat16ToFloat(view.getUint16(at, true)) }],
  ['torch.DoubleStorage', { bytes: 8, read: (view, at) => view.getFloat64(at, true) }],
  ['torch.LongStorage', { bytes: 8 }],
]);

const bits = new DataView(new ArrayBuffer(4));
function bfloat16ToFloat(value: number): number {
  bits.setUint32(0, value << 16);
  return bits.getFloat32(0);
}

/** A run of numbers outside of the pickle. */
class Storage {
  constructor(
    readonly type: ElementType,
    readonly key: string,
    readonly length: number,
  ) {}
}

/** A view of a storage: offset and strides count elements. */
class Tensor {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly stride: readonly number[],
  ) {}
}

type Fail = (what: string) => KdadError;

/** What both forms of file come to: what was saved, and the bytes of its storages. */
interface Contents {
  readonly root: unknown;
  readonly storageBytes: (storage: Storage) => Uint8Array;
}

const MAGIC = 0x1950a86a20f9469cfc6cn;
const MAGIC_PICKLE = Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex');
const PROTOCOL = 1001;

/** PyTorch's own limit. */
const MOST_DIMENSIONS = 64;

/** Whether the file begins as one that `torch.save` wrote. */
export function isTorchFile(bytes: Uint8Array): boolean {
  const beginsWith = (magic: Uint8Array) => Buffer.compare(bytes.subarray(0, magic.length), magic) === 0;
  return beginsWith(Buffer.from('PK\x03\x04')) || beginsWith(MAGIC_PICKLE.subarray(0, 4));
}

/**
 * Reads a state dictionary that `torch.save` wrote, in the zip form (since PyTorch 1.6) or the older one, and executes
 * nothing of it: https://github.com/pytorch/pytorch/blob/main/torch/serialization.py. Tensors become contiguous
 * float32; whole numbers are left out. A dictionary within a checkpoint (`state_dict`, `model`) is found, and
 * DataParallel's prefix `module.` taken off.
 * @param name of the file, for errors
 * @throws KdadError WEIGHTS_INVALID for anything else, before memory for it is taken
 */
export function readTorchFile(bytes: Uint8Array, name: string): Weights {
  const fail: Fail = (what) => new KdadError('WEIGHTS_INVALID', `${name}: ${what}`);
  if (!isTorchFile(bytes)) throw fail('not a PyTorch file (neither a zip nor a pickle with its magic number)');
  const { root, storageBytes } = bytes[0] === 0x50 ? readZipForm(bytes, fail) : readLegacyForm(bytes, fail);
  const tensors = tensorsIn(root, fail);
  // Shared storages may make the tensors larger than the file, but not by orders of magnitude.
  const elements = tensors.reduce((sum, [, tensor]) => sum + elementCount(tensor), 0);
  if (elements > bytes.length) throw fail(`its tensors claim ${elements} numbers in a file of ${bytes.length} bytes`);
  return Object.fromEntries(tensors.map(([key, tensor]) => [key, contiguous(tensor, storageBytes(tensor.storage))]));
}

function tensorsIn(root: unknown, fail: Fail): [string, Tensor][] {
  if (!(root instanceof Map)) throw fail('holds no state dictionary');
  const inner = ['state_dict', 'model'].map((key) => root.get(key)).find((value) => value instanceof Map);
  const tensors = [...((inner ?? root) as Map<unknown, unknown>)].filter(
    (entry): entry is [string, Tensor] =>
      typeof entry[0] === 'string' && entry[1] instanceof Tensor && entry[1].storage.type.read !== undefined,
  );
  if (tensors.length === 0) throw fail('its dictionary holds no tensors of floating-point numbers');
  if (!tensors.every(([key]) => key.startsWith('module.'))) return tensors;
  return tensors.map(([key, tensor]) => [key.slice('module.'.length), tensor]);
}

const elementCount = ({ shape }: { shape: readonly number[] }): number =>
  shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);

function contiguous({ storage, offset, shape, stride }: Tensor, bytes: Uint8Array): Weight {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { bytes: width, read } = storage.type;
  const data = new Float32Array(elementCount({ shape }));
  const position = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < data.length; i++) {
    data[i] = read!(view, at * width);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += stride[axis];
      if (++position[axis] < shape[axis]) break;
      at -= stride[axis] * shape[axis];
      position[axis] = 0;
    }
  }
  return { shape, data };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const areCounts = (values: unknown): values is number[] => Array.isArray(values) && values.every(isCount);

/** What PyTorch's functions do, for the ones that state dictionaries name. */
function globalsOf(fail: Fail): ReadonlyMap<string, unknown> {
  const rebuildTensor = (storage: unknown, offset: unknown, shape: unknown, stride: unknown) => {
    if (!(storage instanceof Storage) || !isCount(offset) || !areCounts(shape) || !areCounts(stride)) {
      throw fail('a tensor is malformed');
    }
    if (shape.length !== stride.length || shape.length > MOST_DIMENSIONS) throw fail('a tensor is malformed');
    const last = shape.reduce((sum, size, axis) => sum + (size - 1) * stride[axis], offset);
    if (!shape.includes(0) && last >= storage.length) {
      throw fail(`a tensor of shape [${shape}] reaches beyond its storage of ${storage.length} numbers`);
    }
    return new Tensor(storage, offset, shape, stride);
  };
  const emptyDictionary = (...items: unknown[]) => {
    if (items.length > 0) throw fail('an OrderedDict is malformed');
    return new Map();
  };
  const rebuildParameter = (tensor: unknown) => {
    if (!(tensor instanceof Tensor)) throw fail('a parameter is malformed');
    return tensor;
  };
  return new Map<string, unknown>([
    ...elementTypes,
    ['collections.OrderedDict', emptyDictionary],
    ['torch._utils._rebuild_tensor_v2', rebuildTensor],
    ['torch._utils._rebuild_parameter', rebuildParameter],
  ]);
}

/** Reads pickles that refer to storages: ('storage', type, key, location, length, and in the older form a view). */
function storageReader(bytes: Uint8Array, fail: Fail) {
  const storages = new Map<string, Storage>();
  const persistent = (id: unknown): Storage => {
    const [tag, type, key, , length, view] = Array.isArray(id) ? id : [];
    const isType = [...elementTypes.values()].includes(type);
    if (tag !== 'storage' || !isType || typeof key !== 'string' || !isCount(length)) {
      throw fail('a storage is malformed');
    }
    if (view !== undefined && view !== null) throw fail('a storage is a view of another one; save the file again');
    const known = storages.get(key) ?? new Storage(type, key, length);
    if (known.type !== type || known.length !== length) throw fail(`storage ${key} has two types or lengths`);
    storages.set(key, known);
    return known;
  };
  const context = { globals: globalsOf(fail), persistent, fail };
  return { storages, read: (start: number) => readPickle(bytes, start, context) };
}

/** Entries `<any folder>/data.pkl`, `/byteorder`, and `/data/<key>` with one storage each. */
function readZipForm(bytes: Uint8Array, fail: Fail): Contents {
  const entries = storedEntries(bytes, fail);
  const pickle = [...entries].find(([path]) => path.endsWith('/data.pkl'));
  if (!pickle) throw fail('a zip without data.pkl: not a PyTorch file');
  const folder = pickle[0].slice(0, -'/data.pkl'.length);
  const order = entries.get(`${folder}/byteorder`);
  if (order && Buffer.from(order).toString('latin1').trim() !== 'little') {
    throw fail('its byte order is not little-endian; save it on another machine');
  }
  const { value: root } = storageReader(pickle[1], fail).read(0);
  const storageBytes = ({ key, length, type }: Storage): Uint8Array => {
    const data = entries.get(`${folder}/data/${key}`);
    if (!data) throw fail(`the zip lacks data/${key}`);
    if (data.length !== length * type.bytes) {
      throw fail(`data/${key} has ${data.length} bytes; expected ${length * type.bytes}`);
    }
    return data;
  };
  return { root, storageBytes };
}

/**
 * Five pickles (magic number, protocol, system, what was saved, keys), then for each key its count of elements and the
 * elements.
 */
function readLegacyForm(bytes: Uint8Array, fail: Fail): Contents {
  const reader = storageReader(bytes, fail);
  let at = 0;
  const next = (): unknown => {
    const { value, end } = reader.read(at);
    at = end;
    return value;
  };
  if (next() !== MAGIC) throw fail("not a PyTorch file (the pickle lacks PyTorch's magic number)");
  if (next() !== PROTOCOL) throw fail(`not of PyTorch's protocol ${PROTOCOL}, the only one there was`);
  next(); // Informative only: elements are little-endian on every machine.
  const root = next();
  const keys = next();
  if (!Array.isArray(keys)) throw fail('has no list of storages');
  const spans = new Map<string, Uint8Array>();
  for (const key of keys) {
    const storage = reader.storages.get(key);
    if (!storage) throw fail('lists a storage that no tensor uses');
    const begin = at + 8;
    const end = begin + storage.length * storage.type.bytes;
    if (end > bytes.length) throw fail(`truncated: storage ${key} ends at byte ${end} of ${bytes.length}`);
    const length = new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigInt64(0, true);
    if (length !== BigInt(storage.length))
      throw fail(`storage ${key} has ${length} numbers; expected ${storage.length}`);
    spans.set(key, bytes.subarray(begin, end));
    at = end;
  }
  const storageBytes = ({ key }: Storage): Uint8Array => {
    const span = spans.get(key);
    if (!span) throw fail(`storage ${key} is missing`);
    return span;
  };
  return { root, storageBytes };
}
