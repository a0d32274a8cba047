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
  // Loops and not callbacks: every frame of every camera comes by here.
  let brightness = 0;
  for (let i = 0; i < cells.length; i++) brightness += cells[i];
  brightness /= cells.length;
  let deviation = 0;
  for (let i = 0; i < cells.length; i++) deviation += Math.abs(cells[i] - brightness);
  deviation /= cells.length;
  let laplacian = 0;
  for (let row = 1; row < rows - 1; row++) {
    const end = (row + 1) * columns - 1;
    for (let i = row * columns + 1; i < end; i++) {
      laplacian += Math.abs(4 * cells[i] - cells[i - 1] - cells[i + 1] - cells[i - columns] - cells[i + columns]);
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
  const stride = 3 * width;
  for (let row = 0, cell = 0; row < rows; row++) {
    let i = CELL * row * stride;
    for (let column = 0; column < columns; column++, i += 3 * CELL) {
      const j = i + stride;
      const red = frame[i] + frame[i + 3] + frame[j] + frame[j + 3];
      const green = frame[i + 1] + frame[i + 4] + frame[j + 1] + frame[j + 4];
      const blue = frame[i + 2] + frame[i + 5] + frame[j + 2] + frame[j + 5];
      cells[cell++] = (0.299 * red + 0.587 * green + 0.114 * blue) / CELL ** 2;
    }
  }
  return cells;
}
