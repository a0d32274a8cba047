import type { Clips } from './clip.js';
import { type LineOptions, type LineRun, runLine } from './line.js';
import { largest } from './search.js';

/** How the daemon does with cameras. */
export interface MeasuredLine {
  readonly codec: Clips['codec'];
  /** One camera, by height of its video. */
  readonly oneCamera: Record<number, LineRun>;
  /** The most cameras of which every frame was judged, by frames a second; null where it was not looked for. */
  readonly sustained: Record<number, number> | null;
  /** What was tried for it. */
  readonly tries: readonly LineRun[];
}

/** Looks no further: more cameras are more boxes. */
const MOST = 64;
/** Of the video that the cameras play. */
const HEIGHT = 720;
const SECONDS_OF_CLIP = 10;

type Common = Omit<LineOptions, 'clip' | 'fps' | 'cameras' | 'untilDropped'>;

/**
 * One camera at 10 frames a second in each height, and the most cameras at each of these rates.
 * @throws as `runLine`
 */
export async function measureLine(
  common: Common,
  {
    clips,
    heights,
    rates,
    onProgress,
  }: {
    readonly clips: Clips;
    readonly heights: readonly number[];
    /** Empty for no search. */
    readonly rates: readonly number[];
    readonly onProgress?: (what: string) => void;
  },
): Promise<MeasuredLine> {
  const clip = (height: number, fps: number) => clips.make({ height, fps, seconds: SECONDS_OF_CLIP });
  const oneCamera: Record<number, LineRun> = {};
  for (const height of heights) {
    onProgress?.(`one camera, ${height}p at 10 frames a second`);
    oneCamera[height] = await runLine({ ...common, clip: await clip(height, 10), fps: 10, cameras: 1 });
  }
  const tries: LineRun[] = [];
  const sustained: Record<number, number> = {};
  for (const fps of rates) {
    const holds = async (cameras: number) => {
      onProgress?.(`${cameras} cameras at ${fps} frames a second`);
      const run = await runLine({ ...common, clip: await clip(HEIGHT, fps), fps, cameras, untilDropped: true });
      tries.push(run);
      return run.sustained;
    };
    // Another program's moment is no reason to halve a box: what fails may try again.
    sustained[fps] = await largest(MOST, async (cameras) => (await holds(cameras)) || (await holds(cameras)));
  }
  return { codec: clips.codec, oneCamera, sustained: rates.length > 0 ? sustained : null, tries };
}
