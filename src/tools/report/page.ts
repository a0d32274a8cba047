import { version } from '../../common/version.js';
import { Html, html } from './html.js';
import { style } from './style.js';

/** A whole page in one file: no script, no font and no picture from elsewhere. */
export function page(title: string, subtitle: string, content: readonly (Html | null)[]): string {
  const made = `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body><main>
<h1>${title}</h1>
<p class="quiet">${subtitle}; made ${made} by kdad-edge ${version}</p>
${content}
</main></body>
</html>
`.toString();
}

/** A part of a page with a heading and a sentence that says how to read it. */
export function section(
  heading: string,
  explanation: string,
  ...content: readonly (Html | readonly Html[] | null)[]
): Html {
  return html`<section><h2>${heading}</h2><p class="quiet">${explanation}</p>${content}</section>\n`;
}

/** Rows of two columns: what, and its value. */
export function facts(rows: readonly (readonly [name: string, value: string | number])[]): Html {
  return html`<div class="scroll"><table class="facts">${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td class="code">${value}</td></tr>`)}</table></div>`;
}
