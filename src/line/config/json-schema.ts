import { z } from 'zod';
import { configSchema } from './schema.js';
import type { Restart } from './values.js';

/** A JSON Schema, as far as ours uses it. */
export interface JsonSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly type?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  /** Of a duration or a share, as it is written. */
  readonly 'x-minimum'?: string;
  readonly 'x-maximum'?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  /** Of a list; several for one of a fixed length. */
  readonly items?: JsonSchema | readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
  /** What a change of the key takes; sections hand it down. */
  readonly 'x-restart'?: Restart;
}

/** Of patterns: what is filled in later may be anything. */
const REFERENCE = '|\\$\\{';

/**
 * The JSON Schema of the configuration file, for editors (draft 7, which all of them know);
 * config/kdad-edge.schema.json holds it. Every key says in `x-restart` what a change takes. Texts with a form of their
 * own may also hold a reference, `${...}`.
 */
export function jsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      // A schema that is used twice comes twice.
      if (jsonSchema.pattern && !jsonSchema.pattern.endsWith(REFERENCE)) jsonSchema.pattern += REFERENCE;
    },
  }) as JsonSchema;
  const { $schema, ...rest } = schema as JsonSchema & { $schema: string };
  return { $schema, title: 'kdad-edge', ...handDown(rest, 'daemon') } as JsonSchema;
}

/** Gives every key what its section says of restarts, unless it says something itself. */
function handDown(schema: JsonSchema, inherited: Restart): JsonSchema {
  const { properties, items, oneOf, anyOf, 'x-restart': restart = inherited } = schema;
  const key = ([name, child]: [string, JsonSchema]) => [name, { 'x-restart': restart, ...handDown(child, restart) }];
  return {
    ...schema,
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(key)) }),
    ...(items && { items: isOne(items) ? handDown(items, restart) : items }),
    ...(oneOf && { oneOf: oneOf.map((one) => handDown(one, restart)) }),
    ...(anyOf && { anyOf: anyOf.map((one) => handDown(one, restart)) }),
  };
}

const isOne = (items: NonNullable<JsonSchema['items']>): items is JsonSchema => !Array.isArray(items);
