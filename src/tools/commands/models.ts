import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { precisionFor } from '../../method/detector/precision.js';
import type { EngineName } from '../../method/engine/engines.js';
import { activateVersion, CRITERION, NOT_ACTIVATED } from './activation.js';
import { engineOption } from './engine.js';
import { threadsOption } from './threads.js';

interface Computing {
  readonly engine: EngineName;
  readonly threads?: number;
}

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
      import('../../method/bundle/store.js'),
      import('../../method/bundle/read.js'),
    ]);
    const { versions, current, previous } = await readStore(folder);
    const rows = await Promise.all(
      versions.map(async (version) => {
        const use = version === current ? 'in use' : version === previous ? 'before' : '';
        const about = await openBundle(join(folder, version)).then(
          ({ manifest: { recipe, data }, precision, threshold }) =>
            `${precision}, threshold ${threshold.toPrecision(4)}, ${data.images} good images, recipe ${recipe.name}, seed ${recipe.seed}`,
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
  .option('--evaluate <folder>', 'only if it is not worse than the one in use on these images')
  .addOption(engineOption())
  .addOption(threadsOption())
  .addHelpText('after', `\n${CRITERION}`)
  .action(async (folder: string, version: string, { evaluate, ...options }: Computing & { evaluate?: string }) => {
    if (!(await activateVersion(folder, version, evaluate, options))) process.exitCode = NOT_ACTIVATED;
  });

models
  .command('rollback')
  .description('put the version that was in use before to use again')
  .argument('<store>', 'folder of the versions')
  .action(async (folder: string) => {
    const { rollback } = await import('../../method/bundle/store.js');
    console.log(`${await rollback(folder)} is in use`);
  });

models
  .command('verify')
  .description('check every file of a bundle, and whether it scores its own picture as where it was trained')
  .argument('<bundle>', 'a bundle, or a store for the version in use')
  .addOption(engineOption())
  .addOption(threadsOption())
  .action(async (path: string, options: Computing) => {
    const [{ openBundle }, { prove }] = await Promise.all([
      import('../../method/bundle/read.js'),
      import('../../line/inspection/prove.js'),
    ]);
    await prove(await openBundle(resolve(path), precisionFor('auto', options)), options);
    console.log(`${path} is whole and judges as where it was trained`);
  });
