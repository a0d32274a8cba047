/** The backbone halves a picture four times: sides and places of tiles are multiples of so many pixels. */
export const STEP = 16;

/** Height and width in pixels. */
type Size = readonly [number, number];

/**
 * How a frame that is large for what matters on it is cut: the networks see its tiles, each as large as a frame is
 * otherwise.
 */
export interface Tiles {
  readonly rows: number;
  readonly columns: number;
  /** The least that neighbours have in common, as a share of a tile's side. */
  readonly overlap: number;
}

/** A frame, and how it is cut. */
export interface CutFrame {
  /** Height and width in pixels. */
  readonly size: Size;
  /** Absent where the networks see the frame as it is. */
  readonly tiles?: Tiles;
}

/** Where the tiles of a frame lie, in pixels, all on the grid of the coarsest layer; row by row, each from the left. */
export interface TileGrid {
  readonly size: Size;
  readonly tops: readonly number[];
  readonly lefts: readonly number[];
}

export const tileCount = (tiles: Tiles | undefined): number => (tiles ? tiles.rows * tiles.columns : 1);

/** How many tiles a side would take that did not overlap. */
const span = (count: number, overlap: number): number => count - (count - 1) * overlap;

/** Height and width of a frame, in tiles. */
export const spans = (tiles: Tiles | undefined): Size =>
  tiles ? [span(tiles.rows, tiles.overlap), span(tiles.columns, tiles.overlap)] : [1, 1];

/** The largest frame that tiles of this size cover. */
export function frameOf(tile: Size, tiles: Tiles | undefined): Size {
  const [rows, columns] = spans(tiles);
  return [STEP * Math.floor((tile[0] * rows) / STEP), STEP * Math.floor((tile[1] * columns) / STEP)];
}

/** The tiles of a frame: the smallest that cover it with the overlap, evenly spread. None where it is not cut. */
export function tileGrid({ size: [height, width], tiles }: CutFrame): TileGrid | undefined {
  if (!tiles) return undefined;
  const [rows, columns] = spans(tiles);
  const size = [covering(height / rows), covering(width / columns)] as const;
  return { size, tops: starts(height, size[0], tiles.rows), lefts: starts(width, size[1], tiles.columns) };
}

/** Rounded up, but for what is not exact in floats. */
const covering = (length: number): number => STEP * Math.ceil(length / STEP - 1e-9);

const starts = (length: number, tile: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => STEP * Math.round(((length - tile) * i) / Math.max(1, count - 1) / STEP));

/**
 * What the networks see of frames: the tiles, and what is to be known of them; the frames themselves where they are not
 * cut.
 */
export function viewsOf<Shape extends CutFrame>(
  frames: readonly Uint8Array[],
  preprocessing: Shape,
): { views: readonly Uint8Array[]; preprocessing: Shape } {
  const grid = tileGrid(preprocessing);
  if (!grid) return { views: frames, preprocessing };
  const views = frames.flatMap((frame) => cut(frame, preprocessing.size[1], grid));
  return { views, preprocessing: { ...preprocessing, size: grid.size, tiles: undefined } };
}

function cut(frame: Uint8Array, frameWidth: number, { size: [height, width], tops, lefts }: TileGrid): Uint8Array[] {
  return tops.flatMap((top) =>
    lefts.map((left) => {
      const tile = new Uint8Array(height * width * 3);
      for (let row = 0; row < height; row++) {
        const start = ((top + row) * frameWidth + left) * 3;
        tile.set(frame.subarray(start, start + width * 3), row * width * 3);
      }
      return tile;
    }),
  );
}

/** The size of frames, width by height, and of their tiles. */
export function describeFrames({ size: [height, width], tiles }: CutFrame): string {
  const grid = tileGrid({ size: [height, width], tiles });
  const whole = `${width} x ${height}`;
  return grid ? `${whole} in ${tileCount(tiles)} tiles of ${grid.size[1]} x ${grid.size[0]}` : whole;
}

/** How many frames of a batch have as many views as a batch of `most` whole frames; at least one. */
export const framesAtOnce = (most: number, tiles: Tiles | undefined): number =>
  Math.max(1, Math.floor(most / tileCount(tiles)));
