import { Command } from 'commander';
import type { ConfiguredReview } from '../../learning/calibration/limits.js';
import type { FrameScene } from '../../line/inspection/frame-scene.js';
import type { PrecisionChoice } from '../../method/bundle/precision.js';
import { precisionFor } from '../../method/detector/precision.js';
import type { EngineName } from '../../method/engine/engines.js';
import { deviceOption, tellFallback } from './device.js';
import { engineOption } from './engine.js';
import { precisionOption } from './precision-option.js';
import { reportFile } from './report-file.js';
import { reviewOption } from './review-option.js';
import { threadsOption } from './threads.js';

/** What is said of a picture that is odd as a whole. */
const asAWhole: Record<FrameScene, string> = {
  dark: 'too dark as a whole',
  bright: 'too bright as a whole',
  blurred: 'blurred as a whole',
  other: 'as a whole: another scene?',
};

interface Options {
  readonly model: string;
  readonly out?: string;
  readonly html?: string;
  readonly json: boolean;
  readonly failOnAnomaly: boolean;
  readonly review?: ConfiguredReview;
  readonly ffmpeg?: string;
  readonly engine: EngineName;
  readonly device: string;
  readonly threads?: number;
  readonly precision: PrecisionChoice;
}

export const predict = new Command('predict')
  .description('judge images, folders of images and videos')
  .argument('<path...>', 'images, folders and videos')
  .requiredOption('--model <folder>', 'the bundle that judges')
  .option('--out <folder>', 'write heatmap overlays to this folder, new or empty')
  .option('--html <file>', 'write an HTML page with all overlays, the highest scores first')
  .option('--json', 'print one JSON object a line', false)
  .addOption(reviewOption())
  .option('--fail-on-anomaly', 'exit with 1 when anything is anomalous', false)
  .addOption(precisionOption())
  .option('--ffmpeg <file>', 'the ffmpeg that decodes videos')
  .addOption(engineOption())
  .addOption(deviceOption().default('auto'))
  .addOption(threadsOption())
  .addHelpText(
    'after',
    `
Prints the score, the ratio to the threshold and the verdict of every image, and of every frame of a video.
An overlay has the size of its image. In videos, only anomalous frames and frames for review get one, at the
model's size.
The exit code does not depend on the verdicts, unless --fail-on-anomaly is given. Files that cannot be read are
reported and skipped; the exit code is then that of the first error.`,
  )
  .action(async (paths: string[], options: Options) => {
    const [
      { openBundle },
      { findSources, predict: predictSources },
      { OverlayFolder },
      { findFfmpeg },
      { decide, sceneBy },
      { reviewFrom },
      { limitNotes },
    ] = await Promise.all([
      import('../../method/bundle/read.js'),
      import('../../line/inspection/predict.js'),
      import('../../line/inspection/overlay-folder.js'),
      import('../../line/camera/ffmpeg/ffmpeg.js'),
      import('../../line/inspection/verdict.js'),
      import('../../learning/calibration/threshold.js'),
      import('../../learning/calibration/limit-notes.js'),
    ]);
    const page = options.html === undefined ? undefined : await reportFile(options.html);
    const bundle = await openBundle(options.model, precisionFor(options.precision, options));
    const threshold = bundle.threshold;
    const review = reviewFrom(bundle, { review: options.review });
    for (const { text, warning } of limitNotes(bundle, { review: options.review }))
      if (warning) console.error(`kdad-edge: ${text}`);
    const sources = await findSources(paths);
    const overlays = options.out === undefined ? undefined : new OverlayFolder(options.out);
    await overlays?.create();
    const gallery = page && new (await import('../report/gallery.js')).Gallery(bundle, review);
    const width = Math.max(...sources.map(({ path }) => path.length));

    const { engine, device, threads } = options;
    const judging = { engine, device, threads, onDevice: tellFallback };
    let anomalies = 0;
    const padded = new Set<string>();
    let firstError = 0;
    for await (const result of predictSources(bundle, sources, () => findFfmpeg(options.ffmpeg), judging)) {
      const image = result.source.path;
      if ('error' in result) {
        firstError ||= result.error.exitCode;
        if (options.json) console.log(JSON.stringify({ image, error: result.error.message }));
        console.error(`kdad-edge: ${result.error.message}  [${result.error.code}]`);
        continue;
      }
      const { score, frame } = result;
      if (result.padded) padded.add(image);
      const ratio = score / threshold;
      const verdict = decide(score, threshold, review);
      const anomalous = verdict === 'anomalous';
      const scene = sceneBy(result.scene, verdict);
      if (anomalous) anomalies++;
      await gallery?.add(result);
      const heatmap = frame === undefined || verdict !== 'good' ? await overlays?.write(result, threshold) : undefined;
      if (options.json) {
        console.log(JSON.stringify({ image, frame, score, threshold, ratio, anomalous, verdict, scene, heatmap }));
      } else {
        const name = frame === undefined ? image : `${image} #${frame}`;
        const told = (verdict === 'good' ? verdict : verdict.toUpperCase()) + (scene ? `, ${asAWhole[scene]}` : '');
        console.log(`${name.padEnd(width)}  score ${score.toPrecision(4)}  ratio ${ratio.toFixed(2)}  ${told}`);
      }
    }
    if (padded.size > 0) console.error(`kdad-edge: ${paddedNote(padded.size)}`);
    if (page && gallery) await page.write(gallery.render());
    process.exitCode = firstError || (options.failOnAnomaly && anomalies > 0 ? 1 : 0);
  });

function paddedNote(files: number): string {
  const which = files === 1 ? '1 file has' : `${files} files have`;
  return `${which} another shape than the pictures that the model learned: padded, and anomalous by that where it learned none like that`;
}
