import { DetectorSession } from '../../method/engine/onnx/session.js';

/** The scores of pictures by the very file that will inspect, in their order. */
export async function scoresBy(
  detector: Uint8Array,
  frames: readonly Uint8Array[],
  threads: number | undefined,
): Promise<number[]> {
  const session = await DetectorSession.load(detector, { threads });
  try {
    const scores: number[] = [];
    for (const frame of frames) scores.push((await session.run(frame, 1)).scores[0]);
    return scores;
  } finally {
    await session.dispose();
  }
}
