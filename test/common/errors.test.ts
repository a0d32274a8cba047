import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorCodes, KdadError } from '../../src/common/errors.js';

const page = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8');

/** The cells of every row below a heading; the first two rows are the head. */
const rows = (heading: string): string[][] => {
  const [section] = page.split(`\n## ${heading}\n`)[1].split('\n## ');
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) =>
    line
      .slice(2, -2)
      .split(/ \| /)
      .map((cell) => cell.trim()),
  );
};

const remedyOf = (code: (typeof errorCodes)[number]): string =>
  new KdadError(code, '').fix.replaceAll('<', '&lt;') || 'Start it again; a training goes on with `--resume`.';

describe('docs/troubleshooting.md', () => {
  const codes = rows('Error codes');

  it.each([...errorCodes])('has a row for %s, with exit code, cause and remedy', (code) => {
    const [, exitCode, cause, remedy] = codes.find(([name]) => name === `\`${code}\``) ?? [];
    const { exitCode: expected } = new KdadError(code, '');
    const row = `| \`${code}\` | ${expected} | ${cause || 'WHAT LEADS TO IT, IN ONE SENTENCE.'} | ${remedyOf(code)} |`;
    const advice = `docs/troubleshooting.md, table "Error codes": put this row there, in the order of src/common/errors.ts:\n${row}\n`;
    expect([exitCode, remedy], advice).toEqual([String(expected), remedyOf(code)]);
    expect(cause, advice).toMatch(/^\S.*\.$/);
  });

  it('has no row for a code that is gone, and has them in the order of the table', () => {
    expect(codes.map(([code]) => code)).toEqual(errorCodes.map((code) => `\`${code}\``));
  });

  it.each(['Alerts', 'Cameras', 'Broker', 'Speed and memory', 'Training and evaluation', 'Installation'])(
    'has a cause and a remedy for each symptom of %s',
    (heading) => {
      const symptoms = rows(heading);
      expect(symptoms.length).toBeGreaterThan(3);
      for (const symptom of symptoms) {
        expect(symptom, symptom[0]).toHaveLength(3);
        for (const cell of symptom) expect(cell, symptom[0]).not.toBe('');
      }
    },
  );
});
