import { appendFile, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../common/files.js';

/** Scores kept of a camera; of twice as many lines a file is written anew. */
const KEPT = 2000;
/** Milliseconds between two that are kept, at least: neighbouring frames tell the same. */
const APART = 1000;
/** Milliseconds that scores wait to be written: a crash costs so many, and a disk that wears out is spared. */
const WRITE = 60_000;
const ENDING = '.scores';

/** A camera's scores, and how much of them its file has. */
interface Kept {
  /** What they are scores of: they say nothing of another model, or of another part of the picture. */
  readonly of: string;
  scores: number[];
  /** The last so many are not in the file yet. */
  unwritten: number;
  /** Scores in the file; undefined where it has to be written anew. */
  lines?: number;
  lastTime: number;
}

/**
 * Remembers the scores of each camera's last judged frames on disk: a file of text for each, what they are of in its
 * first line, then a score a line. It is a help, and keeps nobody from watching: what cannot be read or written is told
 * once, and goes without.
 */
export class RecentScores {
  readonly #folder: string;
  readonly #cameras: readonly string[];
  readonly #onFailure: (reason: string) => void;
  readonly #kept = new Map<string, Kept>();
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #failing = false;

  /** @param cameras those that are watched; what an earlier run left of others goes */
  constructor(folder: string, cameras: readonly string[], onFailure: (reason: string) => void) {
    this.#folder = folder;
    this.#cameras = cameras;
    this.#onFailure = onFailure;
  }

  /** Reads what an earlier run left. */
  async start(): Promise<void> {
    await this.#tell(async () => {
      await mkdir(this.#folder, { recursive: true });
      for (const name of (await readdir(this.#folder)).filter((one) => one.endsWith(ENDING))) {
        const camera = name.slice(0, -ENDING.length);
        if (this.#cameras.includes(camera)) this.#read(camera, await readFile(this.#fileOf(camera), 'utf8'));
        else await rm(join(this.#folder, name));
      }
    });
    this.#timer = setInterval(() => this.#write(), WRITE);
    this.#timer.unref();
  }

  /** Resolves when all is written. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#write();
    await this.#turn;
  }

  /**
   * @param of what it is a score of; another than before forgets those
   * @param steadyTime of the frame, in milliseconds
   */
  add(camera: string, of: string, score: number, steadyTime: number): void {
    const before = this.#kept.get(camera);
    const kept = before?.of === of ? before : { of, scores: [], unwritten: 0, lastTime: Number.NEGATIVE_INFINITY };
    if (steadyTime - kept.lastTime < APART) return;
    kept.lastTime = steadyTime;
    kept.scores = [...kept.scores, score].slice(-KEPT);
    kept.unwritten++;
    this.#kept.set(camera, kept);
  }

  /** The last ones, the newest at the end; none where they are of something else. */
  last(count: number, camera: string, of: string): readonly number[] {
    const kept = this.#kept.get(camera);
    return kept?.of === of ? kept.scores.slice(-count) : [];
  }

  /** The camera is watched no more. */
  forget(camera: string): void {
    this.#kept.delete(camera);
    this.#turn = this.#turn.then(() => this.#tell(() => rm(this.#fileOf(camera), { force: true })));
  }

  #fileOf(camera: string): string {
    return join(this.#folder, `${camera}${ENDING}`);
  }

  /** What follows the last line break was cut off by a crash. */
  #read(camera: string, text: string): void {
    const [of, ...lines] = text.split('\n').slice(0, -1);
    if (of === undefined) return;
    const scores = lines.filter((line) => line !== '').map(Number);
    const lastTime = Number.NEGATIVE_INFINITY;
    this.#kept.set(camera, {
      of,
      scores: scores.filter((score) => Number.isFinite(score)).slice(-KEPT),
      unwritten: 0,
      lines: text.endsWith('\n') ? lines.length : undefined,
      lastTime,
    });
  }

  #write(): void {
    for (const [camera, kept] of this.#kept) {
      if (kept.unwritten === 0) continue;
      this.#turn = this.#turn.then(() => this.#tell(() => this.#writeOne(this.#fileOf(camera), kept)));
    }
  }

  async #writeOne(file: string, kept: Kept): Promise<void> {
    const { of, scores, unwritten, lines } = kept;
    kept.unwritten = 0;
    kept.lines = undefined;
    await mkdir(this.#folder, { recursive: true });
    if (lines === undefined || lines + unwritten > 2 * KEPT) {
      await replaceFile(file, [of, ...scores.map(shorten), ''].join('\n'));
      kept.lines = scores.length;
    } else {
      await appendFile(
        file,
        scores
          .slice(-unwritten)
          .map((score) => `${shorten(score)}\n`)
          .join(''),
      );
      kept.lines = lines + unwritten;
    }
  }

  /** Tells of the first failure in a row. */
  async #tell(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#onFailure((error as Error).message);
      this.#failing = true;
    }
  }
}

const shorten = (score: number): string => String(Number(score.toPrecision(6)));
