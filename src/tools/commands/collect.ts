import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { KdadError } from '../../common/errors.js';
import { replaceFile } from '../../common/files.js';
import type { PrecisionChoice } from '../../method/bundle/precision.js';
import type { Bundle } from '../../method/bundle/read.js';
import { precisionFor } from '../../method/detector/precision.js';
import { interruptible } from './interruption.js';
import { wholeNumber } from './numbers.js';
import { ProgressLine } from './progress-line.js';

/** In minutes. */
const WEEK = 7 * 24 * 60;

interface Options {
  readonly config: string;
  readonly camera: string;
  readonly out: string;
  readonly count?: number;
  readonly minutes?: number;
  readonly only?: 'good';
  readonly full: boolean;
}

export const collect = new Command('collect')
  .description('save frames of a camera for training, exactly as the detector sees them')
  .requiredOption('--config <file>', 'the configuration file')
  .requiredOption('--camera <name>', 'the name of one of its cameras')
  .requiredOption('--out <folder>', 'the folder to write, new or empty')
  .option('--count <n>', 'stop after this many pictures', wholeNumber(1))
  .option('--minutes <n>', 'stop after this many minutes', wholeNumber(1, WEEK))
  .addOption(new Option('--only <verdict>', 'save only what the model calls good').choices(['good']))
  .option(
    '--full',
    'also save each picture at four times the width and height; the small ones are made from those',
    false,
  )
  .addHelpText(
    'after',
    '\nLeaves out pictures that look like an earlier one. Ctrl-C stops it. Look through contact-sheet.html before you train\non images/.',
  )
  .action(async ({ config: file, camera: name, out, count, minutes, only, full }: Options) => {
    const [
      { loadConfig },
      { modelOf },
      { limitsFor },
      { thresholdFor },
      { findFfmpeg },
      { collect: run },
      { ContactSheet },
      { ownFraming },
    ] = await Promise.all([
      import('../../line/config/load.js'),
      import('../../line/config/models.js'),
      import('../../learning/calibration/limits.js'),
      import('../../learning/calibration/threshold.js'),
      import('../../line/camera/ffmpeg/ffmpeg.js'),
      import('../../line/collect/collect.js'),
      import('../report/contact-sheet.js'),
      import('../../line/collect/own-framing.js'),
    ]);
    const config = await loadConfig(file);
    const camera = config.cameras.find((one) => one.name === name);
    if (!camera) {
      const names = config.cameras.map((one) => one.name).join(', ');
      throw new KdadError('CONFIG_INVALID', `${file}: no camera ${name}; there are ${names}`);
    }
    await refuseFull(out);
    const bundle = await openModel(
      modelOf(config, camera),
      precisionFor(config.inspection.precision, { engine: config.engine }),
      only !== undefined,
    );
    const ffmpeg = await findFfmpeg(config.ffmpeg);
    const interruption = interruptible();
    const framing =
      bundle?.manifest.preprocessing ?? (await ownFraming(camera, { ffmpeg, signal: interruption.signal }));
    if (minutes !== undefined) setTimeout(() => interruption.abort(), 60_000 * minutes).unref();
    const sheet = new ContactSheet();
    const line = new ProgressLine();
    const { saved } = await run({
      camera,
      framing,
      ffmpeg,
      out,
      count,
      full,
      onlyGood: only &&
        bundle && {
          source: bundle,
          engine: config.engine,
          threads: config.inspection.threads,
          threshold: thresholdFor(bundle, limitsFor(config, camera).threshold),
          ignored: camera.ignore,
        },
      signal: interruption.signal,
      onProgress: (done) =>
        line.update(
          `Saved ${done.saved}; left out ${done.alike} alike, ${done.anomalous} anomalous${done.damaged > 0 ? `, ${done.damaged} damaged` : ''}`,
        ),
      onSaved: (picture, title) => sheet.add(picture, title),
    }).finally(async () => {
      line.finish();
      await replaceFile(join(out, 'contact-sheet.html'), sheet.render(name));
    });
    console.log(`${saved} pictures in ${join(out, 'images')}; look through ${join(out, 'contact-sheet.html')}`);
  });

/** Before the first training there is no model yet; then frames get the shape that training gives them. */
async function openModel(path: string, precision: PrecisionChoice, needed: boolean): Promise<Bundle | undefined> {
  const { openBundle } = await import('../../method/bundle/read.js');
  return openBundle(path, precision).catch((error) => {
    if (!needed && error instanceof KdadError && error.code === 'BUNDLE_MISSING') return undefined;
    throw error;
  });
}

async function refuseFull(folder: string): Promise<void> {
  const present = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new KdadError('OUTPUT_EXISTS', `${folder}: ${error.message}`, { cause: error });
  });
  if (present.length > 0) throw new KdadError('OUTPUT_EXISTS', `${folder}: the folder is not empty`);
}
