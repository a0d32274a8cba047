import { type Document, isAlias, isMap, isNode, type Node, visit } from 'yaml';

/**
 * Nodes around a value, those between key and value included: no key lies deeper, and whoever walks the data has stack
 * enough.
 */
const DEEPEST = 100;

/** Something wrong in a YAML document that its syntax allows. */
export interface Misuse {
  /** Where its text begins. */
  readonly offset: number;
  readonly text: string;
}

/**
 * Everything in a document that cannot become plain data: nested too deeply, keys that repeat, aliases of nothing or of
 * themselves.
 */
export function findMisuses(document: Document.Parsed): Misuse[] {
  const misuses: Misuse[] = [];
  const anchors = new Map<string, Node>();
  visit(document, (_, node, path) => {
    if (!isNode(node)) return undefined;
    if (path.length > DEEPEST) {
      misuses.push({ offset: startOf(node), text: 'nested deeper than any key is' });
      return visit.BREAK;
    }
    if (isMap(node)) misuses.push(...repeatedKeys(node.items.map(({ key }) => key)));
    if (isAlias(node)) {
      const target = anchors.get(node.source);
      // One that is still open holds the alias itself.
      if (!target?.range || startOf(node) < target.range[1]) misuses.push(describe(node.source, startOf(node)));
    } else if ('anchor' in node && node.anchor) anchors.set(node.anchor, node);
    return undefined;
  });
  return misuses;
}

/** The parser looks for them, too, but in a time that grows with the square of their number. */
function repeatedKeys(keys: readonly unknown[]): Misuse[] {
  const seen = new Set<string>();
  return keys.filter(isNode).flatMap((key) => {
    const name = keyText(key);
    const repeated = seen.has(name);
    seen.add(name);
    return repeated ? [{ offset: startOf(key), text: `${name}: there is one already; expected unique keys` }] : [];
  });
}

const describe = (name: string, offset: number): Misuse => ({
  offset,
  text: `*${name} is within itself, or nowhere before; expected what an anchor before it names`,
});

/** The name of a key as plain data has it. */
export const keyText = (key: unknown): string => String(isNode(key) ? key.toJSON() : key);

const startOf = ({ range }: Node): number => range?.[0] ?? 0;
