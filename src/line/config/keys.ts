import { type JsonSchema, jsonSchema } from './json-schema.js';
import type { Restart } from './values.js';

/** One key of the configuration file. */
export interface Key {
  /**
   * Say `cameras[].source.url`; a key that tells kinds apart comes with its value, say `cameras[].source.kind: rtsp`.
   */
  readonly name: string;
  readonly description: string;
  /** As it would be written; undefined where there is none. */
  readonly default: unknown;
  readonly required: boolean;
  /** What a change of it takes. */
  readonly restart: Restart;
}

const root = jsonSchema();

/** Every key of the configuration file, in the schema's order; those of the kinds of source one after the other. */
export function listKeys(): Key[] {
  return walk(root, '');
}

/**
 * The keys that the mapping at `path` may have.
 *
 * @param valueAt what the file has at a path; it tells which kind of source is meant
 */
export function keysAt(path: readonly PropertyKey[], valueAt: (path: readonly PropertyKey[]) => unknown): string[] {
  let nodes: readonly JsonSchema[] = [root];
  path.forEach((step, depth) => {
    nodes = nodes.flatMap((node) => (typeof step === 'number' ? node.items : node.properties?.[String(step)]) ?? []);
    nodes = nodes.flatMap((node) => node.oneOf ?? node);
    const kind = valueAt([...path.slice(0, depth + 1), 'kind']);
    const chosen = nodes.filter((node) => node.properties?.kind?.const === kind);
    if (chosen.length > 0) nodes = chosen;
  });
  return nodes.flatMap((node) => Object.keys(node.properties ?? {}));
}

/** The bounds of a number or a duration, in words. */
function boundsOf(schema: JsonSchema): string {
  const least = schema['x-minimum'] ?? schema.minimum;
  const most = schema['x-maximum'] ?? schema.maximum;
  return least === undefined || most === undefined ? '' : ` From ${least} to ${most}.`;
}

function walk(node: JsonSchema, prefix: string): Key[] {
  return Object.entries(node.properties ?? {}).flatMap(([property, child]) => {
    const path = prefix + property;
    const name = child.const === undefined ? path : `${path}: ${child.const}`;
    const required = node.required?.includes(property) ?? false;
    const { description = '', default: fallback, 'x-restart': restart = 'daemon' } = child;
    const key = { name, description: `${description}${boundsOf(child)}`, default: fallback, required, restart };
    if (child.properties) return [key, ...walk(child, `${path}.`)];
    const alternatives = child.oneOf ?? child.anyOf ?? [];
    if (alternatives.length > 0) return [key, ...alternatives.flatMap((one) => walk(one, `${path}.`))];
    return child.items ? [key, ...walk(child.items as JsonSchema, `${path}[].`)] : [key];
  });
}
