import type { Evaluation, KindEvaluation } from '../../learning/evaluation/evaluate.js';
import type { ScoredImage } from '../../learning/evaluation/judge-tests.js';
import { binomialInterval } from '../../method/metrics/interval.js';
import { precisionRecallCurve, rocCurve, scoreHistogram } from './charts.js';
import { type Html, html } from './html.js';
import { section } from './page.js';

/** The result in one look: what was caught, what was called wrongly, and the figures of the field. */
export function summary({ confusion, ...evaluation }: Evaluation): Html {
  const { truePositives, falseNegatives, falsePositives, trueNegatives } = confusion;
  const tiles = [
    countTile('defects caught', truePositives, truePositives + falseNegatives),
    countTile('false alarms', falsePositives, falsePositives + trueNegatives),
    tile('image AUROC', figure(evaluation.imageAuroc), 'good against defective images'),
    tile('pixel AUROC', figure(evaluation.pixelAuroc), 'good against defective pixels'),
    tile('PRO', figure(evaluation.pro), 'overlap with defects, false positives up to 30 %'),
    tile('average precision', figure(evaluation.averagePrecision), 'of images'),
  ];
  return html`<dl class="tiles">${tiles}</dl>\n`;
}

function countTile(name: string, count: number, of: number): Html {
  if (of === 0) return tile(name, '–', 'no such images');
  const { low, high } = binomialInterval(count, of);
  return tile(
    name,
    `${count} of ${of}`,
    `${percent(count / of)}; on the line, with 95 % confidence, between ${percent(low)} and ${percent(high)}`,
  );
}

export function tile(name: string, value: string, explanation: string): Html {
  return html`<div class="tile"><dt>${name}</dt><dd class="figure">${value}</dd><dd class="quiet">${explanation}</dd></div>`;
}

/** Charts and tables of judged images; curves only where there are good and defective ones. */
export function evaluationSections(images: readonly ScoredImage[], evaluation: Evaluation): Html[] {
  const { threshold } = evaluation;
  const both = evaluation.imageAuroc !== null;
  return [
    section(
      'Scores',
      "An image's score is the highest value of its anomaly map. From the threshold on it is called anomalous.",
      scoreHistogram(images, threshold),
    ),
    section('At the threshold', `The bundle's threshold is ${threshold.toPrecision(4)}.`, confusionTable(evaluation)),
    section(
      'By kind',
      'AUROC is that of the kind against the good images, whatever the threshold.',
      kindTable(evaluation),
    ),
    ...(both
      ? [
          section(
            'Whatever the threshold',
            'How defects caught are traded for false alarms as the threshold moves.',
            html`<div class="charts">${rocCurve(images, threshold)}${precisionRecallCurve(images, threshold)}</div>`,
          ),
        ]
      : []),
  ];
}

function confusionTable({ confusion, f1, f1Threshold }: Evaluation): Html {
  const { truePositives, falseNegatives, falsePositives, trueNegatives } = confusion;
  const best =
    f1 === null || f1Threshold === null
      ? null
      : html`<p class="quiet">The best F1 that any threshold reaches on these images is ${figure(f1)}, at ${f1Threshold.toPrecision(4)}.</p>`;
  return html`<div class="scroll"><table class="confusion"><caption>Number of images</caption>
<tr><td></td><th scope="col">called anomalous</th><th scope="col">called good</th></tr>
<tr><th scope="row">defective</th><td class="right">caught: ${truePositives}</td><td class="wrong">missed: ${falseNegatives}</td></tr>
<tr><th scope="row">good</th><td class="wrong">false alarms: ${falsePositives}</td><td class="right">passed: ${trueNegatives}</td></tr>
</table></div>${best}`;
}

function kindTable({ kinds }: Evaluation): Html {
  const row = ({ kind, images, anomalous, auroc }: KindEvaluation) => html`<tr><th scope="row">${kind}</th>
<td class="number">${images}</td><td class="number">${anomalous}</td><td class="number">${percent(anomalous / images)}</td>
<td><span class="bar ${kind === 'good' ? 'anomalous' : 'good'}" style="width: ${((120 * anomalous) / images).toFixed(0)}px"></span></td>
<td class="number">${figure(auroc)}</td></tr>`;
  return html`<div class="scroll"><table><tr><th>kind</th><th class="number">images</th><th class="number" colspan="2">called anomalous</th><th></th><th class="number">AUROC</th></tr>
${kinds.map(row)}</table></div>`;
}

const figure = (value: number | null): string => (value === null ? '–' : value.toFixed(4));

export const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
