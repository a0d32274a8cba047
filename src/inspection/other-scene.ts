/**
 * So many times the highest mean that maps of good pictures have. On the four products that defaults are chosen on, maps of defects had 2.2 at most, of a black
 * frame 3.2 to 3.7, of another product 1.9 to 4.3; of a good one at three tenths of its light or blurred by 4 pixels 1.1 to 1.6, which is not told apart.
 */
const OTHER = 2.5;

/**
 * Whether a frame as a whole is unlike what the model learned: a lens that is covered, a lamp that is out, another product; rather than a part of it.
 *
 * @param values of the anomaly map
 * @param background see `Scoring`; nothing is said of bundles without
 */
export function isOtherScene(values: Float32Array, background: number | undefined): boolean {
  if (background === undefined) return false;
  return values.reduce((sum, value) => sum + value, 0) / values.length >= OTHER * background;
}
