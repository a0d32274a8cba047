import { FRAMES_A_PART, type PlannedPart, partOf } from './line.js';

/** What became of the parts that passed the camera. */
export interface Summary {
  readonly defective: number;
  readonly caught: number;
  readonly good: number;
  readonly falseAlarms: number;
  /** Defective parts without an alert. */
  readonly missed: readonly { readonly position: number; readonly round: number; readonly kind: string }[];
}

/** Holds alerts against the plan of the line. A part counts once all its frames have passed. */
export class Tally {
  readonly #line: readonly PlannedPart[];
  readonly #alerted = new Set<number>();
  #frames = 0;

  constructor(line: readonly PlannedPart[]) {
    this.#line = line;
  }

  /** A frame was judged. */
  judged(frame: number): void {
    this.#frames = Math.max(this.#frames, frame + 1);
  }

  /**
   * An alert opened.
   * @param frame the worst one of those that opened it
   * @returns the part that it is about
   */
  alerted(frame: number): ReturnType<typeof partOf<PlannedPart>> {
    this.#alerted.add(Math.floor(frame / FRAMES_A_PART));
    return partOf(this.#line, frame);
  }

  summary(): Summary {
    const passed = Array.from({ length: Math.floor(this.#frames / FRAMES_A_PART) }, (_, i) => ({
      ...partOf(this.#line, i * FRAMES_A_PART),
      alerted: this.#alerted.has(i),
    }));
    const defective = passed.filter(({ part }) => part.kind !== undefined);
    const good = passed.filter(({ part }) => part.kind === undefined);
    return {
      defective: defective.length,
      caught: defective.filter(({ alerted }) => alerted).length,
      good: good.length,
      falseAlarms: good.filter(({ alerted }) => alerted).length,
      missed: defective
        .filter(({ alerted }) => !alerted)
        .map(({ position, round, part }) => ({ position, round, kind: part.kind as string })),
    };
  }
}
