import { KdadError } from '../../common/errors.js';

/** As many are told with their reasons as a screen shows. */
const SHOWN = 6;

/** Gathers the images that cannot be read, so that they are told all at once and not one a run. */
export class Unreadable {
  readonly #errors: KdadError[] = [];

  get any(): boolean {
    return this.#errors.length > 0;
  }

  /** Remembers an image. @throws anything that is no trouble with an image */
  add(error: unknown): void {
    if (!(error instanceof KdadError) || error.code !== 'IMAGE_UNREADABLE') throw error;
    this.#errors.push(error);
  }

  /** @throws KdadError IMAGE_UNREADABLE naming the first six, and counting the rest */
  throwIfAny(): void {
    const [first, ...others] = this.#errors;
    if (!first) return;
    if (others.length === 0) throw first;
    const messages = this.#errors.map(({ message }) => message).sort();
    const more = messages.length - SHOWN;
    const lines = [...messages.slice(0, SHOWN), ...(more > 0 ? [`and ${more} more`] : [])];
    const message = `${messages.length} images cannot be read:\n  ${lines.join('\n  ')}`;
    throw new KdadError('IMAGE_UNREADABLE', message, { cause: first });
  }
}
