import { beforeAll, describe, expect, it } from 'vitest';
import { findDataset } from '../../../src/learning/dataset/dataset.js';
import { evaluateJudged } from '../../../src/learning/evaluation/evaluate.js';
import { type JudgedImages, judgeTests } from '../../../src/learning/evaluation/judge-tests.js';
import { type Bundle, openBundle } from '../../../src/method/bundle/read.js';
import { instructiveExamples } from '../../../src/tools/report/examples.js';
import { evaluationReport, trainingReport } from '../../../src/tools/report/report.js';
import { type TinyBundle, tinyBundle } from '../../fixtures/tiny-bundle.js';

let tiny: TinyBundle;
let bundle: Bundle;
let judged: JudgedImages;
beforeAll(async () => {
  tiny = await tinyBundle();
  bundle = await openBundle(tiny.bundle);
  judged = await judgeTests(bundle, await findDataset(tiny.data));
});

/** Pictures are letters of all kinds. */
const withoutPictures = (page: string): string => page.replaceAll(/data:[^"]*/g, '');

describe('evaluationReport', () => {
  it('tells of every part, and holds everything it shows', async () => {
    const evaluation = evaluateJudged(judged, bundle.threshold);
    const page = await evaluationReport(bundle, tiny.data, { ...judged, evaluation });
    for (const heading of [
      'Scores',
      'At the threshold',
      'By kind',
      'Caught defects',
      'Calibration',
      'Training',
      'Provenance',
    ]) {
      expect(page).toContain(`<h2>${heading}`);
    }
    for (const fact of [bundle.manifest.data.sha256, bundle.manifest.teacher.sha256, 'blot'])
      expect(page).toContain(fact);
    expect(page).not.toMatch(/(src|href)="(?!data:)/);
    expect(page).not.toContain('<script');
  });

  it('does without defective images', async () => {
    const images = judged.images.filter(({ kind }) => kind === 'good');
    const good = { images, labelledMaps: null, notes: [] };
    const evaluation = evaluateJudged(good, bundle.threshold);
    const page = await evaluationReport(bundle, tiny.data, { ...good, evaluation });
    expect(page).not.toContain('Receiver operating');
    expect(page).toContain('no such images');
    expect(withoutPictures(page)).not.toMatch(/NaN|undefined/);
  });
});

describe('trainingReport', () => {
  it('shows the held-out images that look worst, and where the model comes from', async () => {
    const page = await trainingReport(bundle, tiny.data);
    const worst = bundle.calibration.scores.reduce((a, b) => (a.score > b.score ? a : b));
    expect(page).toContain(worst.image);
    expect(page).toContain(bundle.manifest.data.sha256);
  });
});

describe('instructiveExamples', () => {
  const image = (kind: string, score: number) => ({ kind, score, path: `test/${kind}/${score}.png` });

  it('puts the worst mistakes first and one caught defect of each kind', () => {
    const images = [
      image('good', 0.2),
      image('good', 1.5),
      image('good', 3),
      image('dent', 0.5),
      image('dent', 0.1),
      image('dent', 2),
      image('hole', 4),
      image('hole', 5),
      image('hole', 6),
    ];
    const groups = instructiveExamples(images, 1);
    expect(groups.map(({ heading, images: shown }) => [heading, shown.map(({ score }) => score)])).toEqual([
      ['Missed defects', [0.1, 0.5]],
      ['False alarms', [3, 1.5]],
      ['Caught defects', [2, 5]],
      ['Good images with the highest scores', [0.2]],
    ]);
  });

  it('says of how many it shows the worst', () => {
    const [misses] = instructiveExamples(
      Array.from({ length: 30 }, (_, i) => image('dent', i / 100)),
      1,
    );
    expect(misses.images).toHaveLength(12);
    expect(misses.explanation).toContain('12 of 30');
  });
});
