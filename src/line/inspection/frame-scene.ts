import { appearanceOf, type UsualAppearance } from '../../method/images/appearance.js';

/** What a frame as a whole is, where it is not what the model learned; `other`: a covered lens, another product. */
export const frameScenes = ['dark', 'bright', 'blurred', 'other'] as const;
export type FrameScene = (typeof frameScenes)[number];

/**
 * Of the darkest good picture; of what the brightest has left to white; of the least sharp one. Chosen on four
 * products: no test picture, good or defective, is told so, and no good one at 0.8 of its light or blurred by a pixel;
 * at 1.2 times its light 5 of 140 good ones are. All are at a tenth of their light, and blurred by 6 pixels. Noise
 * hides blur: with 5 grey levels after a blur of 4 pixels none is told.
 */
const DARK = 0.6;
const BRIGHT = 0.5;
const BLURRED = 0.5;

/**
 * So many times the highest mean that maps of good pictures have. On the same products maps of defects had 2.2 at most,
 * of a black frame 3.2 to 3.7, of another product 1.9 to 4.3.
 */
const OTHER = 2.5;

/**
 * Whether the light or the focus of a frame is another than that of the good pictures.
 *
 * @param frame uint8 RGB, height x width x 3
 */
export function lookOf(
  frame: Uint8Array,
  size: readonly [number, number],
  usual: UsualAppearance,
): FrameScene | undefined {
  const { brightness, sharpness } = appearanceOf(frame, size);
  const [darkest, brightest] = usual.brightness;
  if (brightness < DARK * darkest) return 'dark';
  if (brightness > brightest + BRIGHT * (255 - brightest)) return 'bright';
  return sharpness < BLURRED * usual.sharpness ? 'blurred' : undefined;
}

/**
 * Whether a frame as a whole is unlike what the model learned, rather than a part of it.
 *
 * @param values of the anomaly map
 * @param background see `Scoring`; nothing is said of bundles without
 */
export function isOtherScene(values: Float32Array, background: number | undefined): boolean {
  if (background === undefined) return false;
  return values.reduce((sum, value) => sum + value, 0) / values.length >= OTHER * background;
}
