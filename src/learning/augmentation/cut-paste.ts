import type { Random } from '../../common/random.js';

/** Of the picture's area, and width to height. */
const AREA = [0.02, 0.15];
const ASPECT = [0.3, 3.3];

/**
 * A picture with a piece of itself somewhere else, a little brighter or darker: what a defect may look like, made from
 * good pictures alone (CutPaste, Li et al. 2021, https://arxiv.org/abs/2104.04015).
 *
 * @param frame uint8 RGB, height x width x 3
 * @param size height and width
 */
export function cutPaste(frame: Uint8Array, [height, width]: readonly [number, number], random: Random): Uint8Array {
  const between = ([low, high]: readonly number[]) => low + (high - low) * random();
  const aspect = Math.exp(between(ASPECT.map(Math.log)));
  const area = between(AREA) * height * width;
  const rows = Math.min(height - 1, Math.max(1, Math.round(Math.sqrt(area / aspect))));
  const columns = Math.min(width - 1, Math.max(1, Math.round(Math.sqrt(area * aspect))));
  const place = () => [Math.floor(random() * (height - rows)), Math.floor(random() * (width - columns))];
  const [[fromTop, fromLeft], [toTop, toLeft]] = [place(), place()];
  const light = between([0.8, 1.2]);
  const pasted = frame.slice();
  const clamped = new Uint8ClampedArray(pasted.buffer);
  for (let row = 0; row < rows; row++) {
    const from = 3 * ((fromTop + row) * width + fromLeft);
    const to = 3 * ((toTop + row) * width + toLeft);
    for (let i = 0; i < 3 * columns; i++) clamped[to + i] = light * frame[from + i];
  }
  return pasted;
}
