// Preloaded into the daemon (node --import), notes each time that its event loop stands still: when, for how long, and
// how much of that the thread only waited for a processor that other programs, or other machines on the same host, had.
// Milliseconds, a line each, in the file named by SOAK_LOOP_PROBE.
import { appendFileSync, readFileSync } from 'node:fs';

const PERIOD = 10;
const WORTH_NOTING = 50;
/** Milliseconds of a kernel tick as /proc/stat counts them. */
const TICK = 10;

const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/**
 * Nanoseconds on the run queue (https://docs.kernel.org/scheduler/sched-stats.html), and ticks that the host took
 * (proc_stat(5)).
 */
function waited() {
  const queued = Number(read(`/proc/self/task/${process.pid}/schedstat`).split(' ')[1] ?? 0) / 1e6;
  const stolen = TICK * Number(/^cpu +(?:\d+ ){7}(\d+)/.exec(read('/proc/stat'))?.[1] ?? 0);
  return queued + stolen;
}

// The inference process inherits the environment; it is meant to stand still.
if (process.argv.includes('run')) {
  let last = { time: performance.now(), waited: waited() };
  setInterval(() => {
    const now = { time: performance.now(), waited: waited() };
    const still = now.time - last.time - PERIOD;
    if (still >= WORTH_NOTING) {
      appendFileSync(process.env.SOAK_LOOP_PROBE, `${Date.now()} ${still} ${now.waited - last.waited}\n`);
    }
    last = now;
  }, PERIOD).unref();
}
