import { STEP, type TileGrid } from '../images/tiles.js';
import { concat, reshape, slice, type Tensor, type Tensor4D } from '../tensorflow.js';

/**
 * Maps of whole frames, from what `look` makes of their tiles. Where tiles overlap, each keeps its half: so every place
 * is seen by the tile that has most of its surroundings, and no value is changed.
 *
 * @param frames batch x height x width x channels; they are not cut where there is no grid
 * @param look makes maps of views, each at a fraction of their size of 1 / 16 or more
 */
export function throughTiles(
  frames: Tensor,
  grid: TileGrid | undefined,
  look: (views: Tensor4D) => Tensor4D[],
): Tensor4D[] {
  if (!grid) return look(frames as Tensor4D);
  return look(cut(frames as Tensor4D, grid)).map((map) => stitch(map, grid));
}

/**
 * The tiles of the first frame, then those of the next: below one another in one image first, which moves nothing when
 * they become images.
 */
function cut(frames: Tensor4D, { size: [height, width], tops, lefts }: TileGrid): Tensor4D {
  const [batch, , , channels] = frames.shape;
  const tiles = tops.flatMap((top) =>
    lefts.map((left) => slice(frames, [0, top, left, 0], [batch, height, width, channels])),
  );
  return reshape(concat(tiles, 1), [batch * tiles.length, height, width, channels]);
}

function stitch(maps: Tensor4D, grid: TileGrid): Tensor4D {
  const [views, height, width, channels] = maps.shape;
  const { size, tops, lefts } = grid;
  const count = tops.length * lefts.length;
  const batch = views / count;
  const below: Tensor4D = reshape(maps, [batch, count * height, width, channels]);
  const [rows, columns] = [kept(tops, size[0], size[0] / height), kept(lefts, size[1], size[1] / width)];
  const whole = rows.map(([top, rowHeight], row) =>
    concat(
      columns.map(([left, columnWidth], column) => {
        const start = (row * lefts.length + column) * height + top;
        return slice(below, [0, start, left, 0], [batch, rowHeight, columnWidth, channels]);
      }),
      2,
    ),
  );
  return concat(whole, 1);
}

/**
 * Which part of each tile is kept along one side, in cells of `stride` pixels: from the middle of one overlap to that
 * of the next, in whole cells of every layer.
 */
function kept(starts: readonly number[], tile: number, stride: number): [start: number, length: number][] {
  const middle = (i: number) => STEP * Math.floor((starts[i] + starts[i - 1] + tile) / 2 / STEP);
  return starts.map((start, i) => {
    const from = i === 0 ? start : middle(i);
    const to = i === starts.length - 1 ? start + tile : middle(i + 1);
    return [(from - start) / stride, (to - from) / stride];
  });
}
