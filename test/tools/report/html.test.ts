import { describe, expect, it } from 'vitest';
import { Html, html } from '../../../src/tools/report/html.js';

describe('html', () => {
  it('escapes what is not markup, in text and in attributes', () => {
    const name = `<img src=x onerror="alert('&')">`;
    expect(html`<p title="${name}">${name}</p>`.toString()).not.toMatch(/<img|"alert|'/);
  });

  it('keeps markup, joins lists, leaves out what is not there', () => {
    const rows = [html`<li>${1}</li>`, html`<li>${'a < b'}</li>`];
    expect(html`<ul>${rows}${null}${undefined}</ul>${new Html('<br>')}`.toString()).toBe(
      '<ul><li>1</li><li>a &#60; b</li></ul><br>',
    );
  });
});
