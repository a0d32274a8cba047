import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { redactText } from '../camera/redact.js';
import { KdadError } from '../errors.js';

/** A YAML text: its plain data, and where in the text each of them stands. */
export interface Source {
  readonly value: unknown;
  /**
   * `file:line:column` of a value, or of what should hold it where it is missing.
   * @param key the place of the key instead of the value's
   */
  placeOf(path: readonly PropertyKey[], key?: boolean): string;
}

/**
 * @param file for the places
 * @throws KdadError CONFIG_INVALID with every error of syntax
 */
export function parseSource(text: string, file: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const refuse = (problems: string[]) => new KdadError('CONFIG_INVALID', problems.join('\n'));
  if (document.errors.length > 0) {
    throw refuse(document.errors.map(({ pos, message }) => `${place(pos[0])}: not YAML: ${redactText(message)}`));
  }
  try {
    // Aliases can make a small text unfold into more than the memory holds.
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return { value, placeOf: (path, key) => place(offsetOf(document, path, key)) };
  } catch (error) {
    throw refuse([`${file}: not YAML: ${(error as Error).message}`]);
  }
}

function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], key = false): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const pair = isMap(parent) ? parent.items.find((item) => keyText(item.key) === path[length - 1]) : undefined;
    const value = document.getIn(path.slice(0, length), true);
    const node = key && pair ? pair.key : (value ?? pair?.key);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

const keyText = (key: unknown): string => String(isNode(key) ? key.toJSON() : key);
