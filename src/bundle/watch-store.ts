import { type FSWatcher, watch } from 'node:fs';
import { KdadError } from '../errors.js';
import type { PrecisionChoice } from './precision.js';
import { type Bundle, openBundle } from './read.js';
import { locate } from './store.js';

/** Milliseconds that a change may take to be complete: activating makes several changes at once. */
const SETTLE = 200;

export interface StoreListener {
  /** Another version is in use now; it has been opened and verified. */
  onChange(bundle: Bundle): void;
  /** It cannot be opened. */
  onFailure(error: KdadError): void;
}

/** Notices when another version of a store is put to use. A bundle that is in no store never changes. */
export class StoreWatcher {
  readonly #path: string;
  readonly #precision: PrecisionChoice;
  readonly #listener: StoreListener;
  #directory: string;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param path of the store, as configured; `opened` is what was opened there, `precision` what was asked for */
  constructor(path: string, opened: Bundle, precision: PrecisionChoice, listener: StoreListener) {
    this.#path = path;
    this.#precision = precision;
    this.#directory = opened.directory;
    this.#listener = listener;
  }

  start(): void {
    if (this.#directory === this.#path) return;
    this.#watcher = watch(this.#path, () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.check(), SETTLE);
    });
    // A store that is taken away says nothing more; the daemon goes on with what it has.
    this.#watcher.on('error', () => this.#watcher?.close());
  }

  stop(): void {
    this.#watcher?.close();
    clearTimeout(this.#timer);
  }

  /** We put this version to use ourselves: it is no news. */
  adopt({ directory }: Bundle): void {
    this.#directory = directory;
  }

  /** Looks now whether another version is in use. */
  async check(): Promise<void> {
    try {
      const { directory } = await locate(this.#path);
      if (directory === this.#directory) return;
      const bundle = await openBundle(this.#path, this.#precision);
      this.#directory = bundle.directory;
      this.#listener.onChange(bundle);
    } catch (error) {
      if (!(error instanceof KdadError)) throw error;
      this.#listener.onFailure(error);
    }
  }
}
