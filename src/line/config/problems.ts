import type { z } from 'zod';
import { redactText } from '../camera/redact.js';
import { keysAt } from './keys.js';
import { nearestWord } from './spelling.js';

/** Something wrong in a configuration. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  /** The key is at fault, not its value. */
  readonly key?: boolean;
  /** What was found and what was expected. */
  readonly text: string;
}

/** What zod says, in words: an unknown key makes one problem each. */
export function describeIssue(issue: z.core.$ZodIssue, value: unknown): Problem[] {
  const valueAt = (path: readonly PropertyKey[]) =>
    path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null)?.[key], value);
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(issue.path, valueAt);
    return issue.keys.map((key) => {
      const meant = nearestWord(key, known);
      return { path: [...issue.path, key], key: true, text: `unknown key${meant ? `; did you mean ${meant}?` : ''}` };
    });
  }
  const found = valueAt(issue.path);
  const secret = issue.path.includes('password');
  const shown = found === undefined ? 'missing' : `found ${secret ? 'a value' : show(found)}`;
  return [{ path: issue.path, text: `${shown}; ${expectation(issue)}` }];
}

const types: Record<string, string> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'a mapping of keys',
  array: 'a list',
  tuple: 'a list of two whole numbers',
};

/** What a bound counts, where it is no number's own. */
const counted: Record<string, string> = { string: ' characters', array: ' entries' };

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('expected ')) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${types[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${listed(issue.values)}`;
    case 'invalid_union':
      return `expected ${listed(('options' in issue && issue.options) || [])}`;
    case 'too_small':
      if (issue.origin === 'string') return 'expected a text that is not empty';
      return `expected ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `expected at most ${issue.maximum}${counted[issue.origin] ?? ''}`;
    default:
      return issue.message;
  }
}

/** `a, b or c` */
const listed = (values: readonly unknown[]): string => values.join(', ').replace(/, ([^,]*)$/, ' or $1');

/** A value as errors may show it: short, and without the credentials that addresses hold. */
function show(value: unknown): string {
  const text = redactText(JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
