import { Command } from 'commander';

export const config = new Command('config').description('check a configuration, or print its JSON Schema');

config
  .command('check')
  .description('list every mistake in a configuration, with file, line, column and what was expected')
  .option('--config <file>', 'the configuration file', 'kdad-edge.yaml')
  .addHelpText(
    'after',
    '\nAlso checks that the files it names can be read, and that the model is complete. kdad-edge doctor tries out the rest.',
  )
  .action(async ({ config: file }: { readonly config: string }) => {
    const [{ loadConfig }, { findUnusableFiles }, { notesOnLimits }] = await Promise.all([
      import('../../line/config/load.js'),
      import('../setup/named-files.js'),
      import('../setup/limit-notes.js'),
    ]);
    const loaded = await loadConfig(file, process.env, findUnusableFiles);
    const { cameras, mqtt } = loaded;
    const notes = await notesOnLimits(loaded);
    const watched = cameras.length === 1 ? '1 camera' : `${cameras.length} cameras`;
    console.log(`${file} is valid: ${watched}, ${mqtt ? `alerts to ${mqtt.url}` : 'no broker'}`);
    for (const note of notes) console.log(`  ${note}`);
  });

config
  .command('schema')
  .description('print the JSON Schema of the configuration, for editors')
  .action(async () => {
    const { jsonSchema } = await import('../../line/config/json-schema.js');
    console.log(JSON.stringify(jsonSchema(), null, 2));
  });
