/** How a picture looks as a whole. */
export interface Appearance {
  /** Mean luminance, 0 to 255. */
  readonly brightness: number;
  /** Mean absolute Laplacian of the luminance by its mean absolute deviation: blur lowers it, less light does not. */
  readonly sharpness: number;
}

/** What good pictures have; part of the manifest. */
export interface UsualAppearance {
  /** The darkest and the brightest of them. */
  readonly brightness: [number, number];
  /** Of the least sharp one. */
  readonly sharpness: number;
}

/** Pixels along a cell: noise averages out in one, and blur of a pixel changes little. */
const CELL = 2;

/** @param frame uint8 RGB, height x width x 3 */
export function appearanceOf(frame: Uint8Array, [height, width]: readonly [number, number]): Appearance {
  const [rows, columns] = [Math.floor(height / CELL), Math.floor(width / CELL)];
  const cells = luminance(frame, width, rows, columns);
  const brightness = cells.reduce((sum, value) => sum + value, 0) / cells.length;
  const deviation = cells.reduce((sum, value) => sum + Math.abs(value - brightness), 0) / cells.length;
  let laplacian = 0;
  for (let row = 1; row < rows - 1; row++) {
    for (let column = 1; column < columns - 1; column++) {
      const i = row * columns + column;
      const around = cells[i - 1] + cells[i + 1] + cells[i - columns] + cells[i + columns];
      laplacian += Math.abs(4 * cells[i] - around);
    }
  }
  const inner = Math.max(1, (rows - 2) * (columns - 2));
  return { brightness, sharpness: deviation > 0 ? laplacian / inner / deviation : 0 };
}

/** @param frames good pictures, at least one, see `appearanceOf` */
export function usualAppearance(frames: readonly Uint8Array[], size: readonly [number, number]): UsualAppearance {
  const all = frames.map((frame) => appearanceOf(frame, size));
  const least = (of: keyof Appearance) => all.reduce((low, appearance) => Math.min(low, appearance[of]), Infinity);
  const brightest = all.reduce((high, { brightness }) => Math.max(high, brightness), 0);
  return { brightness: [least('brightness'), brightest], sharpness: least('sharpness') };
}

/** What the pictures of both have. */
export function joinAppearances(one: UsualAppearance, other: UsualAppearance): UsualAppearance {
  const [[a, b], [c, d]] = [one.brightness, other.brightness];
  return { brightness: [Math.min(a, c), Math.max(b, d)], sharpness: Math.min(one.sharpness, other.sharpness) };
}

/** The mean luminance of every cell (ITU-R BT.601). */
function luminance(frame: Uint8Array, width: number, rows: number, columns: number): Float32Array {
  const cells = new Float32Array(rows * columns);
  for (let y = 0; y < rows * CELL; y++) {
    const row = (y >> 1) * columns;
    for (let x = 0; x < columns * CELL; x++) {
      const i = (y * width + x) * 3;
      cells[row + (x >> 1)] += 0.299 * frame[i] + 0.587 * frame[i + 1] + 0.114 * frame[i + 2];
    }
  }
  return cells.map((sum) => sum / CELL ** 2);
}
