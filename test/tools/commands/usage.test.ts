import { expect, it } from 'vitest';
import { kdadEdge } from '../../fixtures/command-line.js';

it.each<[number, string[]]>([
  [2, ['nonsense']],
  [2, ['predict', '--fail-on-anomly', 'part.png']],
  [2, ['models', 'list']],
  [2, ['train', '--seed', 'many', '--data', '.', '--out', 'x']],
  [2, ['models']],
  [0, ['models', '--help']],
  [0, ['--version']],
])('exits with %i: kdad-edge %j', async (expected, args) => {
  expect((await kdadEdge(...args)).code).toBe(expected);
});
