import { type FSWatcher, watch } from 'node:fs';
import type { PrecisionChoice } from './precision.js';
import { type Bundle, openBundle } from './read.js';
import { locate } from './store.js';

/** Milliseconds that a change may take to be complete: activating makes several changes at once. */
const SETTLE = 200;
/** Milliseconds between two looks: network drives tell of no change, and the kernel's watches can run out. */
const INTERVAL = 15_000;

export interface StoreListener {
  /** Another version is in use now; it has been opened and verified. */
  onChange(bundle: Bundle): void;
  /** It cannot be opened. */
  onFailure(error: Error): void;
}

/** Notices when another version of a store is put to use. A bundle that is in no store never changes. */
export class StoreWatcher {
  readonly #path: string;
  readonly #precision: PrecisionChoice;
  readonly #listener: StoreListener;
  #directory: string;
  /** What was looked at last: one that cannot be opened is told once, unless something changes. */
  #seen: string;
  #watcher: FSWatcher | undefined;
  #settling: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  #stopped = true;
  #checking: Promise<void> = Promise.resolve();

  /** @param path of the store, as configured; `opened` is what was opened there, `precision` what was asked for */
  constructor(path: string, opened: Bundle, precision: PrecisionChoice, listener: StoreListener) {
    this.#path = path;
    this.#precision = precision;
    this.#directory = opened.directory;
    this.#seen = opened.directory;
    this.#listener = listener;
  }

  start(): void {
    if (this.#directory === this.#path) return;
    this.#stopped = false;
    this.#looking = setInterval(() => void this.#look(), INTERVAL);
    try {
      this.#watcher = watch(this.#path, () => {
        clearTimeout(this.#settling);
        this.#settling = setTimeout(() => void this.check(), SETTLE);
      });
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      // No watches left, or a store that is taken away: we look now and then all the same.
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#watcher?.close();
    clearTimeout(this.#settling);
    clearInterval(this.#looking);
  }

  /** This version judges: it is no news. */
  adopt({ directory }: Bundle): void {
    this.#directory = directory;
    this.#seen = directory;
  }

  /** Looks now whether another version is in use, one look after the other. Never throws. */
  check(): Promise<void> {
    this.#checking = this.#checking.then(() => this.#check());
    return this.#checking;
  }

  async #look(): Promise<void> {
    const { directory } = await locate(this.#path);
    if (directory !== this.#seen) await this.check();
  }

  async #check(): Promise<void> {
    const { directory } = await locate(this.#path);
    this.#seen = directory;
    if (directory === this.#directory || this.#stopped) return;
    try {
      const bundle = await openBundle(this.#path, this.#precision);
      if (this.#stopped) return;
      this.#directory = bundle.directory;
      this.#listener.onChange(bundle);
    } catch (error) {
      if (!this.#stopped) this.#listener.onFailure(error as Error);
    }
  }
}
