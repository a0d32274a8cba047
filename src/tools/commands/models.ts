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
  .description('manage the versions of a model: a store is a folder, models/<name>, with one folder a version')
  .addHelpText(
    'after',
    '\nA running daemon whose configuration names the store loads the new version without missing a frame.',
  );

models
  .command('list')
  .description('list every version, and mark the one in use')
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
  .description('verify a version and use it from now on')
  .argument('<store>', 'folder of the versions')
  .argument('<version>', 'the version to use')
  .option('--evaluate <folder>', 'use it only if it is not worse than the one in use on these images')
  .addOption(engineOption())
  .addOption(threadsOption())
  .addHelpText('after', `\n${CRITERION}`)
  .action(async (folder: string, version: string, { evaluate, ...options }: Computing & { evaluate?: string }) => {
    if (!(await activateVersion(folder, version, evaluate, options))) process.exitCode = NOT_ACTIVATED;
  });

models
  .command('rollback')
  .description('go back to the version that was in use before')
  .argument('<store>', 'folder of the versions')
  .action(async (folder: string) => {
    const { rollback } = await import('../../method/bundle/store.js');
    console.log(`${await rollback(folder)} is in use`);
  });

models
  .command('verify')
  .description('check every file of a bundle, and that it gives its self-test picture the score it had in training')
  .argument('<bundle>', 'a bundle, or a store (its version in use)')
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
