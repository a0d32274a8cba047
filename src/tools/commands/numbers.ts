import { InvalidArgumentError } from 'commander';

/** A parser for options that take a whole number from `least` on, up to `most`. */
export function wholeNumber(least: number, most = 2 ** 31 - 1): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least || value > most) {
      const range = most === 2 ** 31 - 1 ? `from ${least} on` : `from ${least} to ${most}`;
      throw new InvalidArgumentError(`Expected a whole number ${range}.`);
    }
    return value;
  };
}

/** A parser for options that take a number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('Expected a number above 0.');
  }
  return value;
}

/** Of one side of a frame, in pixels. */
const SIDES = { least: 64, most: 4096, step: 16 };

/** A parser for a frame's height and width, say `640x256`. */
export function frameSize(text: string): [number, number] {
  const found = /^(\d{1,5})x(\d{1,5})$/.exec(text);
  const sides = (found ?? []).slice(1).map(Number);
  const { least, most, step } = SIDES;
  if (!found || sides.some((side) => side % step !== 0 || side < least || side > most)) {
    throw new InvalidArgumentError(
      `Expected height x width, each a multiple of ${step} from ${least} to ${most}, for example 640x256.`,
    );
  }
  return [sides[0], sides[1]];
}

/** A frame of more takes more memory than a box at the edge has. */
const MOST_TILES = 64;

/** A parser for rows and columns of tiles, say `3x4`. */
export function tileCounts(text: string): { rows: number; columns: number } {
  const [, rows, columns] = (/^(\d{1,2})x(\d{1,2})$/.exec(text) ?? []).map(Number);
  const count = rows * columns;
  if (!(count > 1 && count <= MOST_TILES)) {
    throw new InvalidArgumentError(`Expected rows x columns, from 2 to ${MOST_TILES} tiles, for example 3x4.`);
  }
  return { rows, columns };
}

/** A parser for a share of 100, say `1%`: from 0.01 % to 50 %. */
export function percentage(text: string): number {
  const found = /^(\d+(?:\.\d+)?) ?%$/.exec(text);
  const share = found ? Number(found[1]) / 100 : Number.NaN;
  if (!(share >= 1e-4 && share <= 0.5))
    throw new InvalidArgumentError('Expected a share from 0.01% to 50%, for example 1%.');
  return share;
}
