interface Entry {
  readonly camera: string;
  readonly sequence: number;
  /** When the frame had arrived in the daemon, and its verdict at the subscriber; milliseconds since the epoch. */
  readonly arrived: number;
  readonly judged: number;
}

/** The verdicts that a daemon has published, in the order of their arrival. */
export class VerdictLog {
  readonly #entries: Entry[] = [];
  readonly #cameras = new Set<string>();

  /** @param payload JSON of a `verdict` topic, see docs/mqtt.md */
  add(payload: string, judged: number): void {
    const { camera, sequence, time } = JSON.parse(payload) as { camera: string; sequence: number; time: string };
    this.#entries.push({ camera, sequence, arrived: Date.parse(time), judged });
    this.#cameras.add(camera);
  }

  /** How many cameras have had a verdict. */
  get cameras(): number {
    return this.#cameras.size;
  }

  /** When the first verdict came; NaN before. */
  get firstAt(): number {
    return this.#entries[0]?.judged ?? Number.NaN;
  }

  /** Of the frames that arrived in this time. A frame counts as dropped when a later one of its camera was judged. */
  between(begin: number, end: number): { judged: number; dropped: number; latencies: number[] } {
    const entries = this.#entries.filter(({ arrived }) => arrived >= begin && arrived < end);
    const latencies = entries.map(({ arrived, judged }) => judged - arrived);
    return { judged: entries.length, dropped: gaps(entries), latencies };
  }

  droppedIn(begin: number, end: number): number {
    return this.between(begin, end).dropped;
  }
}

function gaps(entries: readonly Entry[]): number {
  const last = new Map<string, number>();
  let missing = 0;
  for (const { camera, sequence } of entries) {
    missing += sequence - (last.get(camera) ?? sequence - 1) - 1;
    last.set(camera, sequence);
  }
  return missing;
}
