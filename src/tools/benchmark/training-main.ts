/** Measures one `TrainingJob`, given as JSON in the first argument, and sends what came of it. */
import { readFile } from 'node:fs/promises';
import type { MeasuredTraining, TrainingJob } from './training.js';
import { stepTime } from './training-step.js';

const job: TrainingJob = JSON.parse(process.argv[2]);
const milliseconds = await stepTime(job);
// Not getrusage(2): its maximum is inherited from the process that started this one.
const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
const answer: MeasuredTraining = { milliseconds, peakMemory: kilobytes ? 1024 * Number(kilobytes) : null };
process.send?.(answer, () => process.disconnect());
