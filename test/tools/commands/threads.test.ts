import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { bench } from '../../../src/tools/commands/bench.js';
import { calibrate } from '../../../src/tools/commands/calibrate.js';
import { evaluate } from '../../../src/tools/commands/evaluate.js';
import { models } from '../../../src/tools/commands/models.js';
import { predict } from '../../../src/tools/commands/predict.js';
import { teacher } from '../../../src/tools/commands/teacher.js';
import { threadsOption } from '../../../src/tools/commands/threads.js';
import { train } from '../../../src/tools/commands/train.js';

const below = (command: Command, name: string) => command.commands.find((one) => one.name() === name) as Command;

describe('--threads', () => {
  it.each([
    bench,
    calibrate,
    evaluate,
    predict,
    train,
    below(teacher, 'distill'),
    below(models, 'activate'),
    below(models, 'verify'),
  ])('is an option of $_name', ({ options }) => {
    expect(options.map(({ long }) => long)).toContain('--threads');
  });

  it('takes a number from 1 to 1024', () => {
    const parse = threadsOption().parseArg as (text: string, previous: undefined) => unknown;
    expect(parse('2', undefined)).toBe(2);
    for (const text of ['0', '1025', 'all', '1.5']) expect(() => parse(text, undefined)).toThrow('from 1 to 1024');
  });
});
