import { describe, expect, it } from 'vitest';
import { Session } from '../../../src/method/engine/onnx/runtime.js';
import { trace } from '../../../src/method/engine/onnx/tracer.js';
import { imagenetPreprocessing } from '../../../src/method/images/preprocessing.js';
import { tileGrid, viewsOf } from '../../../src/method/images/tiles.js';
import { throughTiles } from '../../../src/method/model/tiles.js';
import { avgPool, cast, type Tensor4D } from '../../../src/method/tensorflow.js';

/** What is seen through tiles of uint8 frames, in a graph that was traced with two of them. */
async function seen(
  frames: readonly Uint8Array[],
  size: readonly [number, number],
  tiles: { rows: number; columns: number; overlap: number },
  look: (views: Tensor4D) => Tensor4D,
) {
  let views: Tensor4D | undefined;
  const graph = await trace(
    (inputs) => {
      const [whole] = throughTiles(inputs.frames, tileGrid({ size, tiles }), (all) => {
        views = cast(all, 'float32');
        return [look(views)];
      });
      return { whole, views: views as Tensor4D };
    },
    { frames: { shape: [2, ...size, 3], type: 'uint8' } },
  );
  const session = await Session.open(graph.encode({ symbolicBatch: true }));
  const results = await session.run({ frames: { data: Buffer.concat(frames), shape: [frames.length, ...size, 3] } });
  await session.close();
  return results;
}

const frameOf = (seed: number, [height, width]: readonly [number, number]) =>
  Uint8Array.from({ length: height * width * 3 }, (_, i) => (Math.imul(i + seed, 2654435761) >>> 24) & 255);

describe('a frame through tiles', () => {
  it.each([
    [[64, 96], { rows: 2, columns: 3, overlap: 0.2 }],
    [[96, 64], { rows: 3, columns: 1, overlap: 0 }],
    [[64, 112], { rows: 1, columns: 3, overlap: 0.5 }],
  ] as const)('of %j is the frame again, whatever the batch: %j', async (size, tiles) => {
    for (const batch of [1, 3]) {
      const frames = Array.from({ length: batch }, (_, i) => frameOf(7 * i, size));
      const { whole, views } = await seen(frames, size, tiles, (all) => all);
      expect(whole.shape).toEqual([batch, ...size, 3]);
      expect(Buffer.from(Uint8Array.from(whole.data as Float32Array)).equals(Buffer.concat(frames))).toBe(true);
      const cut = viewsOf(frames, { ...imagenetPreprocessing, size, tiles });
      expect(Buffer.from(Uint8Array.from(views.data as Float32Array)).equals(Buffer.concat(cut.views))).toBe(true);
    }
  });

  it('has its places where they are in coarser maps, too', async () => {
    const size = [96, 144] as const;
    const frames = [frameOf(1, size), frameOf(2, size)];
    const pooled = (views: Tensor4D) => avgPool(views, 16, 16, 'valid') as Tensor4D;
    const cut = await seen(frames, size, { rows: 2, columns: 3, overlap: 0.3 }, pooled);
    const alone = await seen(frames, size, { rows: 1, columns: 1, overlap: 0 }, pooled);
    expect(cut.whole.shape).toEqual([2, 6, 9, 3]);
    for (const [i, value] of (cut.whole.data as Float32Array).entries())
      expect(value).toBeCloseTo(alone.whole.data[i] as number, 3);
  });
});
