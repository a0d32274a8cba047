import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { Html, html } from './html.js';

/** Plot draws into a document; this one needs no browser. */
const { document } = parseHTML('<!doctype html><html><body></body></html>');

/** Colours follow the page's theme, also after it was drawn. */
export const colours = {
  good: 'var(--good)',
  anomalous: 'var(--anomalous)',
  line: 'var(--chart-line)',
  quiet: 'var(--quiet)',
} as const;

/** A word of a caption with the colour that it stands for. */
export function key(colour: 'good' | 'anomalous' | 'line', name: string): Html {
  return html`<span class="key ${colour}"></span>${name}`;
}

/**
 * A chart as inline SVG.
 * @param name what it shows, for those who cannot see it
 * @param caption below it
 */
export function chart(name: string, caption: Html, options: Plot.PlotOptions): Html {
  const drawn = Plot.plot({
    width: 480,
    height: 320,
    marginTop: 28,
    marginLeft: 52,
    marginBottom: 44,
    style: { background: 'none', fontSize: '13px' },
    ariaLabel: name,
    ...options,
    document,
  });
  return html`<figure>${new Html(drawn.outerHTML)}<figcaption>${caption}</figcaption></figure>`;
}
