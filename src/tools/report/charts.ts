import * as Plot from '@observablehq/plot';
import type { ScoredImage } from '../../learning/evaluation/judge-tests.js';
import { operatingPoints } from '../../method/metrics/classification.js';
import { chart, colours, key } from './chart.js';
import { type Html, html } from './html.js';

/** Bars of a histogram over the whole range. */
const BINS = 36;

const ratioAxis = {
  type: 'log',
  base: 2,
  label: 'score / threshold (log scale) →',
  tickFormat: (ratio: number) => `${ratio}×`,
} as const;

/** How many good and defective images have which score, and where the threshold lies. */
export function scoreHistogram(images: readonly ScoredImage[], threshold: number): Html {
  const data = images.map(({ kind, score }) => ({ ratio: score / threshold, defective: kind !== 'good' }));
  const ratios = data.map(({ ratio }) => ratio);
  const [low, high] = [Math.min(1, ...ratios) / 1.05, Math.max(1, ...ratios) * 1.05];
  const thresholds = Array.from({ length: BINS + 1 }, (_, i) => low * (high / low) ** (i / BINS));
  const bars: Plot.BinXInputs<Plot.RectYOptions> = {
    x: { value: 'ratio', thresholds },
    fill: ({ defective }: { defective: boolean }) => (defective ? colours.anomalous : colours.good),
    inset: 0.5,
  };
  const counts = Plot.binX({ y: 'count' }, bars);
  return chart(
    'Histogram of scores',
    html`${key('good', 'good images')} and ${key('anomalous', 'defective ones')} on top of each other`,
    {
      width: 980,
      height: 300,
      x: { ...ratioAxis, domain: [low, high] },
      y: { label: '↑ images', grid: true, tickFormat: 'd', interval: 1 },
      color: { type: 'identity' },
      marks: [Plot.rectY(data, counts), Plot.ruleY([0]), ...thresholdMarks()],
    },
  );
}

/** Receiver operating characteristic with the threshold's place on it. */
export function rocCurve(images: readonly ScoredImage[], threshold: number): Html {
  const { points, good, defective, at } = curveOf(images, threshold);
  const line = [
    { x: 0, y: 0 },
    ...points.map(({ falsePositives, truePositives }) => ({ x: falsePositives / good, y: truePositives / defective })),
  ];
  const here = { x: at.falsePositives / good, y: at.truePositives / defective };
  return chart('ROC curve', html`Receiver operating characteristic. ${key('anomalous', 'this threshold')}`, {
    ...square,
    x: { ...share, label: 'false positive rate (good images called anomalous) →' },
    y: { ...share, label: '↑ true positive rate (defects caught)' },
    marks: [
      Plot.line(
        [
          [0, 0],
          [1, 1],
        ],
        { stroke: colours.quiet, strokeDasharray: '3,4' },
      ),
      Plot.line(line, { x: 'x', y: 'y', stroke: colours.line, strokeWidth: 2 }),
      Plot.dot([here], { x: 'x', y: 'y', r: 5, fill: colours.anomalous }),
    ],
  });
}

/** Precision against recall with the threshold's place on it. */
export function precisionRecallCurve(images: readonly ScoredImage[], threshold: number): Html {
  const { points, defective, at } = curveOf(images, threshold);
  const place = ({ truePositives, falsePositives }: { truePositives: number; falsePositives: number }) => ({
    x: truePositives / defective,
    y: truePositives + falsePositives === 0 ? 1 : truePositives / (truePositives + falsePositives),
  });
  return chart('Precision-recall curve', html`Precision and recall. ${key('anomalous', 'this threshold')}`, {
    ...square,
    x: { ...share, label: 'recall (defects caught) →' },
    y: { ...share, label: '↑ precision (alarms that are defects)' },
    marks: [
      Plot.line([{ x: 0, y: 1 }, ...points.map(place)], {
        x: 'x',
        y: 'y',
        curve: 'step-before',
        stroke: colours.line,
        strokeWidth: 2,
      }),
      Plot.dot([place(at)], { x: 'x', y: 'y', r: 5, fill: colours.anomalous }),
    ],
  });
}

/** How the loss fell, on the images learned and on those held out. */
export function trainingCurves(
  epochs: readonly { readonly loss: number; readonly validationLoss: number }[],
  bestEpoch: number,
): Html {
  const points = epochs.flatMap(({ loss, validationLoss }, i) => [
    { epoch: i + 1, loss, images: 'learned' },
    { epoch: i + 1, loss: validationLoss, images: 'held out' },
  ]);
  const colour = { learned: colours.line, 'held out': colours.anomalous } as const;
  const curve = (images: keyof typeof colour) => {
    const data = points.filter((point) => point.images === images);
    return [
      Plot.line(data, { x: 'epoch', y: 'loss', stroke: colour[images], strokeWidth: 2 }),
      Plot.dot(data, { x: 'epoch', y: 'loss', r: epochs.length > 50 ? 0 : 2.5, fill: colour[images] }),
    ];
  };
  return chart(
    'Training curves',
    html`Loss on the images ${key('line', 'learned')} and ${key('anomalous', 'held out')}; the dashed line is the epoch that was kept`,
    {
      width: 720,
      height: 280,
      x: {
        label: 'epoch →',
        domain: [1, Math.max(2, epochs.length)],
        ticks: Math.min(10, epochs.length),
        tickFormat: 'd',
      },
      y: { type: 'log', label: '↑ loss (log scale)', grid: true, tickFormat: sparse(points.map(({ loss }) => loss)) },
      marks: [
        Plot.ruleX([bestEpoch], { stroke: colours.quiet, strokeDasharray: '3,4' }),
        ...curve('learned'),
        ...curve('held out'),
      ],
    },
  );
}

/** Labels for a logarithmic axis: of many decades not every tick has room for one. */
function sparse(values: readonly number[]): (value: number) => string {
  const narrow = Math.max(...values) < 4 * Math.min(...values);
  return (value) => (narrow || /^[125]/.test(value.toExponential()) ? `${Number(value.toPrecision(2))}` : '');
}

/** Every held-out score, each a dot, and the threshold that they gave. */
export function calibrationChart(scores: readonly number[], threshold: number): Html {
  const ratios = scores.map((score) => score / threshold);
  return chart('Scores of the held-out images', html`${key('good', 'a held-out good image')}`, {
    width: 720,
    height: 240,
    marginLeft: 20,
    marginRight: 40,
    x: {
      label: 'score / threshold →',
      domain: [Math.min(...ratios) * 0.95, Math.max(1, ...ratios) * 1.1],
      tickFormat: (ratio: number) => `${ratio}×`,
    },
    y: { axis: null },
    marks: [
      Plot.dotX(
        ratios,
        Plot.dodgeY({
          x: (ratio: number) => ratio,
          r: ratios.length > 100 ? 2 : 4,
          fill: colours.good,
          fillOpacity: 0.8,
        }),
      ),
      Plot.frame({ anchor: 'bottom' }),
      ...thresholdMarks(),
    ],
  });
}

function thresholdMarks(): Plot.Markish[] {
  return [
    Plot.ruleX([1], { stroke: 'currentColor', strokeDasharray: '5,4', strokeWidth: 1.5 }),
    Plot.text([1], { x: 1, text: () => 'threshold', frameAnchor: 'top', dy: -14, lineAnchor: 'middle' }),
  ];
}

const square: Plot.PlotOptions = { width: 460, height: 420, marginRight: 24 };
const share: Plot.ScaleOptions = { domain: [0, 1], grid: true, nice: false };

function curveOf(images: readonly ScoredImage[], threshold: number) {
  const scores = images.map(({ score }) => score);
  const labels = images.map(({ kind }) => kind !== 'good');
  const defective = labels.filter(Boolean).length;
  const above = labels.filter((_, i) => scores[i] >= threshold);
  const truePositives = above.filter(Boolean).length;
  return {
    points: operatingPoints({ scores, labels }),
    defective,
    good: labels.length - defective,
    at: { truePositives, falsePositives: above.length - truePositives },
  };
}
