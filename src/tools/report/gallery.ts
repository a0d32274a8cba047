import { basename } from 'node:path';
import type { Prediction } from '../../line/inspection/predict.js';
import { type Decision, decide } from '../../line/inspection/verdict.js';
import type { Bundle } from '../../method/bundle/read.js';
import { type Html, html } from './html.js';
import { facts, page, section } from './page.js';
import { colourScale, overlayImage } from './pictures.js';

/** More would make a page that no browser likes to open; the rest is counted. */
const MOST = 500;

/** A page of predictions, collected one by one: the anomalous first, each with its overlay. */
export class Gallery {
  readonly #bundle: Bundle;
  readonly #review: number | undefined;
  readonly #shown: { readonly ratio: number; readonly figure: Html }[] = [];
  #judged = 0;
  #anomalous = 0;
  #reviewed = 0;

  /** @param review the part of the threshold from which on a picture is to be reviewed; undefined where none is */
  constructor(bundle: Bundle, review?: number) {
    this.#bundle = bundle;
    this.#review = review;
  }

  async add(prediction: Prediction): Promise<void> {
    const threshold = this.#bundle.threshold;
    const ratio = prediction.score / threshold;
    this.#judged++;
    const decision = decide(ratio, 1, this.#review);
    if (decision === 'anomalous') this.#anomalous++;
    if (decision === 'review') this.#reviewed++;
    const last = this.#shown.at(-1);
    if (this.#shown.length === MOST && last && ratio <= last.ratio) return;
    const { source, frame } = prediction;
    const name = frame === undefined ? source.name : `${source.name} #${frame}`;
    const figure = html`<figure>${await overlayImage(prediction, threshold, name)}
<figcaption>${verdict(decision)} ${ratio.toFixed(2)}× · ${name}</figcaption></figure>`;
    const place = this.#shown.findIndex((other) => other.ratio < ratio);
    this.#shown.splice(place === -1 ? this.#shown.length : place, 0, { ratio, figure });
    this.#shown.length = Math.min(MOST, this.#shown.length);
  }

  render(): string {
    const { name, manifest, precision, threshold, calibration, detectorPath } = this.#bundle;
    const left = this.#judged - this.#shown.length;
    const subtitle = `${this.#judged} judged, ${this.#anomalous} anomalous${this.#review === undefined ? '' : `, ${this.#reviewed} for review`}`;
    return page(
      `Judged by ${name}`,
      left > 0 ? `${subtitle}; the ${this.#shown.length} with the highest scores` : subtitle,
      [
        html`<p class="quiet">Score over threshold and a picture each, the highest first. The line surrounds what lies above the threshold.</p>`,
        colourScale(),
        html`<div class="gallery">${this.#shown.map(({ figure }) => figure)}</div>`,
        section(
          'Model',
          'What judged these pictures.',
          facts([
            ['model', name],
            ['threshold', `${threshold.toPrecision(4)} (${calibration.rule})`],
            ['precision', precision],
            ['SHA-256 of the detector', manifest.files[basename(detectorPath)].sha256],
          ]),
        ),
      ],
    );
  }
}

/** What the detector says, in its colour. */
function verdict(word: Decision): Html {
  return html`<span class="verdict ${word}">${word}</span>`;
}
