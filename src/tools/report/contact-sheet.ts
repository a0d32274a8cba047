import type { Picture } from '../../method/images/picture.js';
import { type Html, html } from './html.js';
import { page } from './page.js';
import { thumbnailImage } from './pictures.js';

/**
 * A page with every collected picture in small, to look through before training: what is defective among them is to be
 * deleted.
 */
export class ContactSheet {
  readonly #figures: Html[] = [];

  async add(picture: Picture, name: string): Promise<void> {
    this.#figures.push(html`<figure>${await thumbnailImage(picture, name)}<figcaption>${name}</figcaption></figure>`);
  }

  render(camera: string): string {
    return page(`Collected from ${camera}`, `${this.#figures.length} pictures`, [
      html`<p class="quiet">Look for parts that are not good, and for pictures without a part, and delete their files before training.</p>`,
      html`<div class="gallery">${this.#figures}</div>`,
    ]);
  }
}
