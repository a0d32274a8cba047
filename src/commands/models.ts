import { join, resolve } from 'node:path';
import { Command } from 'commander';

export const models = new Command('models')
  .description('the versions of a model: folders in a store, models/<name>/<version>, one of them in use')
  .addHelpText(
    'after',
    '\nA running daemon whose configuration names the store notices another version and swaps it in without missing a frame.',
  );

models
  .command('list')
  .description('every version, and which one is in use')
  .argument('<store>', 'folder of the versions')
  .action(async (folder: string) => {
    const [{ readStore }, { openBundle }] = await Promise.all([
      import('../bundle/store.js'),
      import('../bundle/read.js'),
    ]);
    const { versions, current, previous } = await readStore(folder);
    const rows = await Promise.all(
      versions.map(async (version) => {
        const use = version === current ? 'in use' : version === previous ? 'before' : '';
        const about = await openBundle(join(folder, version)).then(
          ({ manifest: { threshold, recipe, data } }) =>
            `threshold ${threshold.value.toPrecision(4)}, ${data.images} good images, recipe ${recipe.name}, seed ${recipe.seed}`,
          (error: Error) => `DAMAGED: ${error.message}`,
        );
        return [version, use, about];
      }),
    );
    const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
    for (const [version, use, about] of rows) {
      console.log(`${version.padEnd(widths[0])}  ${use.padEnd(widths[1])}  ${about}`);
    }
  });

models
  .command('activate')
  .description('verify a version and put it to use')
  .argument('<store>', 'folder of the versions')
  .argument('<version>', 'which one')
  .action(async (folder: string, version: string) => {
    const { activate, readStore } = await import('../bundle/store.js');
    const { current } = await readStore(folder);
    await verify(join(folder, version));
    await activate(folder, version);
    console.log(`${version} is in use${current && current !== version ? `, ${current} was` : ''}`);
  });

models
  .command('rollback')
  .description('put the version that was in use before to use again')
  .argument('<store>', 'folder of the versions')
  .action(async (folder: string) => {
    const { rollback } = await import('../bundle/store.js');
    console.log(`${await rollback(folder)} is in use`);
  });

models
  .command('verify')
  .description('check every file of a bundle, and whether it scores its own picture as where it was trained')
  .argument('<bundle>', 'a bundle, or a store for the version in use')
  .action(async (path: string) => {
    await verify(path);
    console.log(`${path} is whole and judges as where it was trained`);
  });

/** @throws KdadError BUNDLE_MISSING, BUNDLE_DAMAGED, BUNDLE_UNSUPPORTED, INFERENCE_FAILED */
async function verify(path: string): Promise<void> {
  const [{ openBundle }, { LiveDetector }] = await Promise.all([
    import('../bundle/read.js'),
    import('../inspection/live-detector.js'),
  ]);
  const bundle = await openBundle(resolve(path));
  const detector = new LiveDetector(bundle, { timeout: 60_000, onLoss: () => {} });
  try {
    await detector.start();
  } finally {
    await detector.stop();
  }
}
