import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../common/files.js';
import { setAside } from '../state/set-aside.js';

const schema = z.array(z.string().regex(/^[^+#\0]+$/)).max(100_000);

/** Milliseconds that changes wait for others, to be written at once. */
const GATHER = 200;

/**
 * Remembers on disk what we have had the broker retain, so that what an earlier run left there, of cameras that have
 * another name or none by now, can be taken away. It is a help, and never keeps anybody from working: what cannot be
 * read or written is told, and goes without.
 */
export class RetainedTopics {
  readonly #file: string;
  readonly #onFailure: (reason: string) => void;
  #topics = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(file: string, onFailure: (reason: string) => void) {
    this.#file = file;
    this.#onFailure = onFailure;
  }

  /** @returns the topics that an earlier run left */
  async start(): Promise<string[]> {
    try {
      this.#topics = new Set(schema.parse(JSON.parse(await readFile(this.#file, 'utf8'))));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      const { message } = error as Error;
      const place = await setAside(this.#file).catch(() => undefined);
      this.#onFailure(`${this.#file}: ${message.replace(/\s+/g, ' ')}${place ? `; it is now ${place}` : ''}`);
    }
    return [...this.#topics];
  }

  async stop(): Promise<void> {
    if (this.#timer) this.#write();
    await this.#turn;
  }

  remember(topic: string): void {
    if (this.#topics.has(topic)) return;
    this.#topics.add(topic);
    this.#writeSoon();
  }

  forget(topic: string): void {
    if (this.#topics.delete(topic)) this.#writeSoon();
  }

  #writeSoon(): void {
    this.#timer ??= setTimeout(() => this.#write(), GATHER);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = `${JSON.stringify([...this.#topics], null, 2)}\n`;
    this.#turn = this.#turn
      .then(async () => {
        await mkdir(dirname(this.#file), { recursive: true });
        await replaceFile(this.#file, text);
      })
      .catch(({ message }: Error) => this.#onFailure(message));
  }
}
