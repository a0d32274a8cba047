import type { TrainProgress } from '../../learning/training/train.js';
import { fillsFrame } from '../../method/images/framing.js';
import type { SampleBits } from '../../method/images/sample-bits.js';
import { describeFrames } from '../../method/images/tiles.js';
import { bar, duration, ProgressLine } from './progress-line.js';

/** The frames of a product, and what they cost where that is not what the published square costs. */
export function describeShape({
  size: [height, width],
  aspect,
  padded,
  tiles,
  cost,
  images,
}: Extract<TrainProgress, { stage: 'shape' }>): string {
  const own = fillsFrame({ width, height }, { size: [height, width], aspect });
  return [
    `Frames of ${describeFrames({ size: [height, width], tiles })} (width x height)`,
    ...(own ? [] : [`pictures of ${aspect.toFixed(2)} : 1 are ${stretchOf(width / height / aspect)} to fit`]),
    ...(cost > 1.05 || cost < 0.95 ? [`${cost.toFixed(1)} times the computation of 256 x 256`] : []),
    ...(padded > 0 ? [`${padded} of ${images} images have another shape than most and are padded, not stretched`] : []),
  ].join('; ');
}

const stretchOf = (factor: number): string => (factor > 1 ? 'squashed in height' : 'squashed in width');

/** What training shows on the terminal: one line an epoch. */
export class TrainReport {
  readonly #line = new ProgressLine();
  #stage = '';
  #epoch = 0;
  #firstEpoch = 0;
  #startedAt = 0;

  show(progress: TrainProgress): void {
    if (progress.stage !== this.#stage) {
      this.#line.finish();
      this.#stage = progress.stage;
      this.#startedAt = performance.now();
    }
    if (progress.stage === 'shape') this.#line.update(describeShape(progress));
    else if (progress.stage === 'samples') this.#line.update(describeBits(progress.bits));
    else if (progress.stage === 'images') this.#line.update(`Reading images ${progress.done}/${progress.total}`);
    else if (progress.stage === 'memory') this.#line.update(`Remembering images ${progress.done}/${progress.total}`);
    else if (progress.stage === 'calibration') this.#line.update('Calibrating the threshold');
    else this.#showTraining(progress);
  }

  end(): void {
    this.#line.finish();
  }

  #showTraining(progress: Extract<TrainProgress, { stage: 'training' }>): void {
    const { epoch, epochs, images, imagesPerEpoch, loss, validationLoss } = progress;
    if (this.#epoch === 0) this.#firstEpoch = epoch;
    if (epoch !== this.#epoch) this.#line.finish();
    this.#epoch = epoch;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const learned = (epoch - this.#firstEpoch) * imagesPerEpoch + images;
    const left = (epochs - epoch) * imagesPerEpoch + imagesPerEpoch - images;
    const rate = learned / seconds;
    this.#line.update(
      [
        `Epoch ${String(epoch).padStart(String(epochs).length)}/${epochs} ${bar(images / imagesPerEpoch)}`,
        `loss ${loss.toFixed(5)}`,
        `validation ${validationLoss === undefined ? '  -    ' : validationLoss.toFixed(5)}`,
        `${rate.toFixed(1)} images/s`,
        `${duration(left / rate)} left`,
      ].join('  '),
    );
  }
}

/** What 16-bit files are taken to mean. */
function describeBits(bits: SampleBits): string {
  return `16-bit files use ${bits} bits: white is ${2 ** bits - 1}, here and wherever the model judges`;
}
