import { type Document, isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { KdadError } from '../../common/errors.js';
import { redactText } from '../camera/redact.js';
import { findMisuses, keyText } from './structure.js';

/** A YAML text: its plain data, and where in the text each of them stands. */
export interface Source {
  readonly value: unknown;
  /**
   * `file:line:column` of a value, or of what should hold it where it is missing.
   * @param key the place of the key instead of the value's
   */
  placeOf(path: readonly PropertyKey[], key?: boolean): string;
}

/** Errors that are told at most: more help nobody, and finding their places takes time. */
const MOST = 100;

/**
 * @param file for the places
 * @throws KdadError CONFIG_INVALID with every error of syntax
 */
export function parseSource(text: string, file: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
    uniqueKeys: false,
  });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  refuseAny(
    document.errors.map(({ pos, message }) => ({
      place: () => place(pos[0]),
      text: `not YAML: ${redactText(message)}`,
    })),
  );
  refuseAny(findMisuses(document).map(({ offset, text }) => ({ place: () => place(offset), text })));
  try {
    // Aliases can make a small text unfold into more than the memory holds.
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return { value, placeOf: (path, key) => place(offsetOf(document, path, key)) };
  } catch (error) {
    throw new KdadError('CONFIG_INVALID', `${place(0)}: not YAML: ${(error as Error).message}`);
  }
}

/** @throws KdadError CONFIG_INVALID when there are any, a line each */
export function refuseAny(problems: readonly { readonly place: () => string; readonly text: string }[]): void {
  if (problems.length === 0) return;
  const lines = problems.slice(0, MOST).map(({ place, text }) => `${place()}: ${text}`);
  if (problems.length > MOST) lines.push(`${problems[MOST].place()}: and ${problems.length - MOST} more`);
  throw new KdadError('CONFIG_INVALID', lines.join('\n'));
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
