import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kdadEdge } from '../../fixtures/command-line.js';
import { folderForAll } from '../../fixtures/folder.js';
import { type TinyBundle, tinyBundle } from '../../fixtures/tiny-bundle.js';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const installed = await access(executablePath).then(
  () => true,
  () => false,
);
if (!installed)
  console.warn(`The pages are not tried in a browser: no Chromium at ${executablePath} (or in CHROMIUM_PATH).`);

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** What the script in `look-at-page.js` says of a page. */
interface Seen {
  readonly pageWidth: number;
  readonly pictures: number;
  /** Descriptions of pictures that do not load, or not in their shape. */
  readonly broken: readonly string[];
  readonly distorted: readonly string[];
  /** Texts that do not stand out from the background. */
  readonly faint: readonly string[];
}
const look = await readFile(new URL('../../fixtures/look-at-page.js', import.meta.url), 'utf8');

describe.skipIf(!installed)('the pages, in Chromium', () => {
  let tiny: TinyBundle;
  let browser: Browser;
  beforeAll(async () => {
    tiny = await tinyBundle();
    browser = await chromium.launch({ executablePath, args: quiet });
  });
  afterAll(() => browser?.close());

  const commands = {
    report: (file: string) => ['eval', '--model', tiny.bundle, '--data', tiny.data, '--report', file],
    gallery: (file: string) => ['predict', '--model', tiny.bundle, join(tiny.data, 'test'), '--html', file],
  };

  describe.each(['report', 'gallery'] as const)('%s', (name) => {
    let file: string;
    beforeAll(async () => {
      file = join(await folderForAll(), `${name}.html`);
      const { code, stderr } = await kdadEdge(...commands[name](file));
      expect(stderr).toContain(`Wrote ${file}`);
      expect(code).toBe(0);
    });

    it.each([
      ['light', 1200],
      ['dark', 1200],
      ['light', 400],
    ] as const)('%s, %i pixels wide: loads nothing, fits, is legible', async (colorScheme, width) => {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } });
      const trouble: string[] = [];
      page.on('console', (message) => trouble.push(message.text()));
      page.on('pageerror', (error) => trouble.push(error.message));
      page.on('request', (request) => {
        if (!/^(data|file):/.test(request.url())) trouble.push(request.url());
      });
      await page.goto(pathToFileURL(file).href);
      const seen = (await page.evaluate(look)) as Seen;
      expect(trouble).toEqual([]);
      expect(seen.pageWidth).toBeLessThanOrEqual(width);
      expect(seen.pictures).toBeGreaterThanOrEqual(12);
      expect(seen.broken).toEqual([]);
      expect(seen.distorted).toEqual([]);
      expect(seen.faint).toEqual([]);
      await page.close();
    });
  });
});
