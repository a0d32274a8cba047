#!/usr/bin/env node
import { Command } from 'commander';
import { bench } from './commands/bench.js';
import { calibrate } from './commands/calibrate.js';
import { collect } from './commands/collect.js';
import { config } from './commands/config.js';
import { endWithDefect, endWithDefects } from './commands/defect.js';
import { demo } from './commands/demo.js';
import { doctor } from './commands/doctor.js';
import { evaluate } from './commands/evaluate.js';
import { init } from './commands/init.js';
import { models } from './commands/models.js';
import { predict } from './commands/predict.js';
import { endWithReader } from './commands/reader.js';
import { run } from './commands/run.js';
import { setup } from './commands/setup.js';
import { teacher } from './commands/teacher.js';
import { train } from './commands/train.js';
import { refuseWrongUsage } from './commands/usage.js';
import { KdadError } from './errors.js';
import { systemFailure } from './files.js';
import { version } from './version.js';

const program = new Command('kdad-edge')
  .description('Visual inspection at the edge: learns good parts, reports everything else.')
  .version(version)
  .addCommand(train)
  .addCommand(evaluate)
  .addCommand(predict)
  .addCommand(run)
  .addCommand(models)
  .addCommand(collect)
  .addCommand(calibrate)
  .addCommand(init)
  .addCommand(config)
  .addCommand(doctor)
  .addCommand(bench)
  .addCommand(demo)
  .addCommand(teacher)
  .addCommand(setup);

refuseWrongUsage(program);
endWithReader();
endWithDefects();
try {
  await program.parseAsync();
} catch (error) {
  const failure = error instanceof KdadError ? error : systemFailure(error);
  if (!failure) endWithDefect(error);
  console.error(`kdad-edge: ${failure.message}${failure.fix && `\n  ${failure.fix}`}  [${failure.code}]`);
  process.exitCode = failure.exitCode;
}
