import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const dist = new URL('../../../dist/', import.meta.url);

/** Every file of ours that a built one imports, itself or by others; what it only loads when needed does not count. */
function importsOf(entry: string, seen = new Set<string>()): Set<string> {
  const file = new URL(entry, dist).href;
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(new URL(file), 'utf8');
  for (const [, from, alone] of text.matchAll(/^(?:import|export)\s[^;]*?from '(\.[^']+)';|^import '(\.[^']+)';/gm))
    importsOf(new URL(from ?? alone, file).href, seen);
  return seen;
}

describe('TensorFlow.js', () => {
  it.each(['line/inspection/inference-main.js', 'line/daemon/daemon.js', 'main.js'])(
    'is not loaded with %s',
    (entry) => {
      const files = [...importsOf(entry)].map((file) => file.slice(dist.href.length));
      expect(files.length).toBeGreaterThan(2);
      expect(files).not.toContain('method/tensorflow.js');
    },
  );

  it('is loaded with what trains', () => {
    expect([...importsOf('learning/training/train.js')]).toContain(new URL('method/tensorflow.js', dist).href);
  });
});
