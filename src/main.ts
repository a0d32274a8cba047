#!/usr/bin/env node
import { Command } from 'commander';
import { KdadError } from './common/errors.js';
import { systemFailure } from './common/files.js';
import { version } from './common/version.js';
import { bench } from './tools/commands/bench.js';
import { calibrate } from './tools/commands/calibrate.js';
import { collect } from './tools/commands/collect.js';
import { config } from './tools/commands/config.js';
import { endWithDefect, endWithDefects } from './tools/commands/defect.js';
import { demo } from './tools/commands/demo.js';
import { doctor } from './tools/commands/doctor.js';
import { evaluate } from './tools/commands/evaluate.js';
import { init } from './tools/commands/init.js';
import { models } from './tools/commands/models.js';
import { predict } from './tools/commands/predict.js';
import { endWithReader } from './tools/commands/reader.js';
import { run } from './tools/commands/run.js';
import { setup } from './tools/commands/setup.js';
import { teacher } from './tools/commands/teacher.js';
import { train } from './tools/commands/train.js';
import { refuseWrongUsage } from './tools/commands/usage.js';

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
