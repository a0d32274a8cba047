import { join } from 'node:path';
import type { TestImage } from '../../learning/dataset/dataset.js';
import type { ScoredImage } from '../../learning/evaluation/judge-tests.js';
import { type Prediction, predict } from '../../line/inspection/predict.js';
import type { Bundle } from '../../method/bundle/read.js';
import { type Html, html } from './html.js';
import { section } from './page.js';
import { colourScale, views } from './pictures.js';

type JudgedImage = ScoredImage & TestImage;

/** Mistakes shown of each sort, the worst first, and closest calls. */
const SHOWN = { misses: 12, falseAlarms: 12, closest: 3 } as const;

/** Images to look at under a heading. */
export interface Examples {
  readonly heading: string;
  readonly explanation: string;
  readonly images: readonly JudgedImage[];
}

/**
 * The images that teach most: missed defects, false alarms, what was nearly called wrongly, and one caught defect of
 * each kind.
 */
export function instructiveExamples(images: readonly JudgedImage[], threshold: number): Examples[] {
  const rising = [...images].sort((a, b) => a.score - b.score);
  const falling = [...rising].reverse();
  const good = ({ kind }: JudgedImage) => kind === 'good';
  const above = ({ score }: JudgedImage) => score >= threshold;
  const misses = rising.filter((image) => !good(image) && !above(image));
  const falseAlarms = falling.filter((image) => good(image) && above(image));
  const passed = falling.filter((image) => good(image) && !above(image));
  const kinds = [...new Set(images.map(({ kind }) => kind))].filter((kind) => kind !== 'good').sort();
  const caught = kinds.flatMap((kind) => {
    const ofKind = rising.filter((image) => image.kind === kind && above(image));
    return ofKind.slice(Math.floor(ofKind.length / 2)).slice(0, 1);
  });
  const groups: Examples[] = [
    shown('Missed defects', 'Defective images below the threshold, the worst first', misses, SHOWN.misses),
    shown('False alarms', 'Good images above the threshold, the worst first', falseAlarms, SHOWN.falseAlarms),
    { heading: 'Caught defects', explanation: 'Of each kind the one with the middle score.', images: caught },
    shown('Good images with the highest scores', 'Below the threshold, the closest first', passed, SHOWN.closest),
  ];
  return groups.filter(({ images: found }) => found.length > 0);
}

function shown(heading: string, what: string, images: readonly JudgedImage[], most: number): Examples {
  const explanation = images.length > most ? `${what}; ${most} of ${images.length}.` : `${what}.`;
  return { heading, explanation, images: images.slice(0, most) };
}

/**
 * The examples with image, heatmap, mask and overlay side by side.
 *
 * @param root folder that the images' paths are relative to
 * @throws KdadError IMAGE_UNREADABLE, ENGINE_FAILED
 */
export async function exampleSections(bundle: Bundle, root: string, groups: readonly Examples[]): Promise<Html[]> {
  const sections: Html[] = [];
  for (const [i, { heading, explanation, images }] of groups.entries()) {
    const parts: Html[] = [];
    const sources = images.map(({ path }) => ({ kind: 'image' as const, path: join(root, path), name: path }));
    let position = 0;
    for await (const result of predict(bundle, sources, noVideo)) {
      if ('error' in result) throw result.error;
      parts.push(await part(result, images[position++], bundle, root));
    }
    sections.push(section(heading, explanation, i === 0 ? colourScale() : null, parts));
  }
  return sections;
}

async function part(
  prediction: Prediction,
  { path, kind, masks = [] }: JudgedImage,
  { threshold, manifest }: Bundle,
  root: string,
): Promise<Html> {
  const { aspect } = manifest.preprocessing;
  const ratio = prediction.score / threshold;
  const title = html`${outcome(kind, ratio)} ${ratio.toFixed(2)}× the threshold · ${path}`;
  const truth = { masks: masks.map((mask) => join(root, mask)), aspect };
  return html`<div class="part"><h4>${title}</h4>${await views(prediction, threshold, truth)}</div>`;
}

/** Whether the verdict is right, in its colour. */
function outcome(kind: string, ratio: number): Html {
  const words = kind === 'good' ? ['passed', 'false alarm'] : ['missed', 'caught'];
  const right = (kind === 'good') === ratio < 1;
  return html`<span class="verdict ${right ? 'good' : 'anomalous'}">${words[ratio >= 1 ? 1 : 0]}</span>`;
}

function noVideo(): never {
  throw new TypeError('examples are images');
}
