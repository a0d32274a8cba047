import type { KdadError } from '../../common/errors.js';

/** What the outside gives to a pickle. */
export interface PickleContext {
  /**
   * What stands for each global that a pickle may name (`collections.OrderedDict`). Functions are called with the
   * arguments in the pickle; they build plain values and must return no function.
   */
  readonly globals: ReadonlyMap<string, unknown>;
  /** The object that is stored outside of the pickle under this id. */
  readonly persistent: (id: unknown) => unknown;
  readonly fail: (what: string) => KdadError;
}

const STOP = 0x2e;

/** Names as in CPython's Lib/pickletools.py. */
const opcodes = [
  [0x28, 'MARK'],
  [0x29, 'EMPTY_TUPLE'],
  [0x47, 'BINFLOAT'],
  [0x4a, 'BININT'],
  [0x4b, 'BININT1'],
  [0x4d, 'BININT2'],
  [0x4e, 'NONE'],
  [0x51, 'BINPERSID'],
  [0x52, 'REDUCE'],
  [0x58, 'BINUNICODE'],
  [0x5d, 'EMPTY_LIST'],
  [0x61, 'APPEND'],
  [0x62, 'BUILD'],
  [0x63, 'GLOBAL'],
  [0x65, 'APPENDS'],
  [0x68, 'BINGET'],
  [0x6a, 'LONG_BINGET'],
  [0x71, 'BINPUT'],
  [0x72, 'LONG_BINPUT'],
  [0x73, 'SETITEM'],
  [0x74, 'TUPLE'],
  [0x75, 'SETITEMS'],
  [0x7d, 'EMPTY_DICT'],
  [0x80, 'PROTO'],
  [0x85, 'TUPLE1'],
  [0x86, 'TUPLE2'],
  [0x87, 'TUPLE3'],
  [0x88, 'NEWTRUE'],
  [0x89, 'NEWFALSE'],
  [0x8a, 'LONG1'],
] as const;

type Opcode = (typeof opcodes)[number][1];
const names = new Map<number, Opcode>(opcodes);

/**
 * Reads one pickle and executes nothing: it knows the opcodes that PyTorch's state dictionaries are made of (protocol
 * 2) and the globals it is given. Dictionaries become Maps, tuples and lists arrays, whole numbers beyond 2^53 bigints.
 * Time and memory are linear in the bytes.
 * @param start of the pickle in `bytes`
 * @returns the value and the offset behind the pickle
 * @throws KdadError, made by `fail`, for everything else
 */
export function readPickle(bytes: Uint8Array, start: number, context: PickleContext): { value: unknown; end: number } {
  const { globals, persistent, fail } = context;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const memo = new Map<number, unknown>();
  /** The values above the last mark; those below wait in `below`. */
  let stack: unknown[] = [];
  const below: unknown[][] = [];
  let at = start;

  /** Moves on and returns where the bytes begin. */
  const skip = (count: number): number => {
    if (at + count > bytes.length) throw fail('truncated within its pickle');
    at += count;
    return at - count;
  };
  const push = (value: unknown) => stack.push(value);
  const pop = (count: number): unknown[] => {
    if (stack.length < count) throw malformed();
    return stack.splice(stack.length - count);
  };
  const popToMark = (): unknown[] => {
    const outer = below.pop();
    if (!outer) throw malformed();
    const items = stack;
    stack = outer;
    return items;
  };
  const top = (): unknown => {
    if (stack.length === 0) throw malformed();
    return stack[stack.length - 1];
  };
  const malformed = () => fail(`malformed pickle at byte ${at}`);

  const decode = (begin: number, end: number): string => {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(begin, end));
    } catch {
      throw malformed();
    }
  };
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) throw fail('truncated within its pickle');
    const text = decode(at, end);
    at = end + 1;
    return text;
  };
  const text = (length: number): string => {
    const begin = skip(length);
    return decode(begin, at);
  };
  const long = (length: number): number | bigint => {
    let value = 0n;
    for (let i = skip(length) + length - 1; i >= at - length; i--) value = (value << 8n) | BigInt(bytes[i]);
    value = BigInt.asIntN(8 * length, value);
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  };

  const global = (): unknown => {
    const name = `${line()}.${line()}`;
    if (globals.has(name)) return globals.get(name);
    const shown = name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 100);
    throw fail(
      `asks for "${shown}": kdad-edge refuses to run code, it reads tensors alone (save them with torch.save(model.state_dict(), FILE))`,
    );
  };
  const call = ([callee, values]: unknown[]): unknown => {
    if (typeof callee !== 'function' || !Array.isArray(values)) throw malformed();
    return callee(...values.slice(0, 16));
  };
  const append = (items: unknown[]) => {
    const list = top();
    if (!Array.isArray(list)) throw malformed();
    for (const item of items) list.push(item);
  };
  const setItems = (items: unknown[]) => {
    const dictionary = top();
    if (!(dictionary instanceof Map) || items.length % 2 !== 0) throw malformed();
    for (let i = 0; i < items.length; i += 2) dictionary.set(items[i], items[i + 1]);
  };
  const recall = (key: number): unknown => {
    if (!memo.has(key)) throw malformed();
    return memo.get(key);
  };

  const steps: Readonly<Record<Opcode, () => void>> = {
    PROTO: () => skip(1),
    MARK: () => {
      below.push(stack);
      stack = [];
    },
    NONE: () => push(null),
    NEWTRUE: () => push(true),
    NEWFALSE: () => push(false),
    BININT1: () => push(view.getUint8(skip(1))),
    BININT2: () => push(view.getUint16(skip(2), true)),
    BININT: () => push(view.getInt32(skip(4), true)),
    LONG1: () => push(long(view.getUint8(skip(1)))),
    BINFLOAT: () => push(view.getFloat64(skip(8))),
    BINUNICODE: () => push(text(view.getUint32(skip(4), true))),
    EMPTY_TUPLE: () => push([]),
    TUPLE1: () => push(pop(1)),
    TUPLE2: () => push(pop(2)),
    TUPLE3: () => push(pop(3)),
    TUPLE: () => push(popToMark()),
    EMPTY_LIST: () => push([]),
    APPEND: () => append(pop(1)),
    APPENDS: () => append(popToMark()),
    EMPTY_DICT: () => push(new Map()),
    SETITEM: () => setItems(pop(2)),
    SETITEMS: () => setItems(popToMark()),
    BINPUT: () => memo.set(view.getUint8(skip(1)), top()),
    LONG_BINPUT: () => memo.set(view.getUint32(skip(4), true), top()),
    BINGET: () => push(recall(view.getUint8(skip(1)))),
    LONG_BINGET: () => push(recall(view.getUint32(skip(4), true))),
    GLOBAL: () => push(global()),
    REDUCE: () => push(call(pop(2))),
    BINPERSID: () => push(persistent(pop(1)[0])),
    BUILD: () => {
      // An OrderedDict's attributes (`_metadata`) hold no tensors.
      pop(1);
      if (!(top() instanceof Map)) throw malformed();
    },
  };

  for (;;) {
    const opcode = bytes[skip(1)];
    if (opcode === STOP) {
      if (stack.length !== 1 || below.length > 0) throw malformed();
      return { value: stack[0], end: at };
    }
    const name = names.get(opcode);
    if (!name) {
      const where = `0x${opcode.toString(16).padStart(2, '0')} at byte ${at - 1}`;
      throw fail(`uses pickle opcode ${where}, which no state dictionary needs: kdad-edge refuses to run code`);
    }
    steps[name]();
  }
}
