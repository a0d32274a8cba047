// Whether the daemon bears a long day: four cameras at 25 frames a second through a real ffmpeg and a real Mosquitto,
// on two cores.
//   npm run soak -- [--minutes 10] [--model BUNDLE --video FILE] [--json]
// Without a bundle of yours it trains a small one first. Warm-up is the first half of the run, at most five minutes:
// the buffers of the outbox and of the allocators fill until then. Nothing is held against it, but frames. Exits with 1
// when a limit is passed; `--latency`, `--memory` and `--blocked` move them, for boxes that are busy otherwise.
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { inferenceProcess, residentMemory, startBroker, startDaemon } from './rig.js';
import { account, growth, latency } from './soak/measures.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    model: { type: 'string' },
    video: { type: 'string' },
    json: { type: 'boolean', default: false },
    /** Seconds from a frame's arrival to its verdict, for 99 of 100 frames of every camera. */
    latency: { type: 'string', default: '5' },
    /** Megabytes that daemon and inference process may grow, together. */
    memory: { type: 'string', default: '6' },
    /**
     * Milliseconds that the daemon may block its event loop; while it waits for a processor that others have, it does
     * not.
     */
    blocked: { type: 'string', default: '100' },
  },
});
const duration = 60 * Number(values.minutes);
const warmUp = Math.min(duration / 2, 300);
const cameras = ['one', 'two', 'three', 'four'];
/** Frames of a camera that may be under way: those that wait, and a batch (docs/configuration.md). */
const UNDER_WAY = 4 + 8;

const folder = await mkdtemp(join(tmpdir(), 'kdad-edge-soak-'));
try {
  const { model, video } = values.model ? values : await makeScene();
  const report = judge(await soak(model, video));
  console.log(values.json ? JSON.stringify(report) : describe(report));
  process.exitCode = report.checks.every(({ kept }) => kept) ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function makeScene() {
  if (!values.json) console.log('training a bundle');
  return (await import('./soak/scene.js')).makeScene(folder);
}

/** Runs the daemon, and looks at it fifty times or more, every five seconds at least. */
async function soak(model, video) {
  const broker = await startBroker(folder);
  const source = { kind: 'file', path: resolve(video), loop: true };
  const watched = cameras.map((name) => ({ name, source }));
  const daemon = await startDaemon({ folder, model: resolve(model), cameras: watched, brokerPort: broker.port });
  const samples = [];
  let exitCode;
  let warmAt = 0;
  try {
    while (!cameras.every((camera) => account(samples.at(-1)?.metrics ?? [], camera).judged > 0)) {
      await sleep(200);
      samples.splice(0, 1, { metrics: await daemon.metrics() });
    }
    const inference = await inferenceProcess(daemon.pid);
    samples.pop();
    const begin = performance.now();
    warmAt = Date.now() + 1000 * warmUp;
    for (let seconds = 0; seconds < duration; ) {
      await sleep(1000 * Math.min(5, duration / 50));
      seconds = (performance.now() - begin) / 1000;
      const memory = { daemon: await residentMemory(daemon.pid), inference: await residentMemory(inference) };
      samples.push({ seconds, memory, metrics: await daemon.metrics() });
    }
  } finally {
    exitCode = await daemon.stop();
    await broker.stop();
  }
  if (exitCode !== 0) throw new Error(`the daemon ended with ${exitCode}:\n${daemon.log()}`);
  const stillness = (await daemon.stillness()).filter(({ time }) => time >= warmAt);
  return { samples, stillness, messages: broker.messages() };
}

function judge({ samples, stillness, messages }) {
  const warm = samples.filter(({ seconds }) => seconds >= warmUp);
  const [first, last] = [warm[0].metrics, warm.at(-1).metrics];
  const accounts = cameras.map((camera) => ({ ...account(last, camera), p99: latency(first, last, camera, 0.99) }));
  const perSecond = (name) => (last.get(name) - first.get(name)) / (warm.at(-1).seconds - warm[0].seconds);
  const judged = cameras.map((camera) => account(last, camera).judged - account(first, camera).judged);
  const memory = ['daemon', 'inference'].map((process) => growth(warm, process) / 1e6);
  const blocked = Math.max(0, ...stillness.map(({ still, waited }) => still - waited));
  const lost = samples.flatMap(({ metrics }) => cameras.map((camera) => account(metrics, camera).underWay));
  const check = (what, value, limit, unit) => ({ what, value, limit, unit, kept: value <= limit });
  return {
    minutes: duration / 60,
    warmUpSeconds: warmUp,
    cores: Math.min(2, availableParallelism()),
    load: loadavg()[0],
    cameras: accounts,
    judgedPerSecond: judged.reduce((sum, count) => sum + count) / (warm.at(-1).seconds - warm[0].seconds),
    daemonCores: perSecond('process_cpu_seconds_total'),
    alerts: cameras.reduce((sum, camera) => sum + last.get(`kdad_alerts_total{camera="${camera}"}`), 0),
    messages,
    /** Milliseconds, with the time in which other programs had the processors. */
    eventLoopStill: Math.max(0, ...stillness.map(({ still }) => still)),
    memory: samples.map(({ seconds, memory, metrics }) => ({
      seconds,
      ...memory,
      heap: metrics.get('nodejs_heap_size_used_bytes'),
      external: metrics.get('nodejs_external_memory_bytes'),
    })),
    checks: [
      check('latency, 99 of 100 frames', Math.max(...accounts.map(({ p99 }) => p99)), Number(values.latency), 's'),
      check('growth of memory', memory[0] + memory[1], Number(values.memory), 'MB'),
      check('  of that the daemon', memory[0], Number(values.memory), 'MB'),
      check('event loop blocked', blocked, Number(values.blocked), 'ms'),
      check('frames unaccounted for', Math.max(0, ...lost.map((count) => Math.max(-count, count - UNDER_WAY))), 0, ''),
      check('most by fewest frames judged of a camera', Math.max(...judged) / Math.min(...judged), 1.2, ''),
    ],
  };
}

function describe({
  minutes,
  warmUpSeconds,
  cores,
  load,
  cameras: rows,
  judgedPerSecond,
  daemonCores,
  alerts,
  messages,
  eventLoopStill,
  checks,
}) {
  return [
    `${minutes} minutes on ${cores} cores, of which ${warmUpSeconds} s of warm-up; load of the machine at the end ${load.toFixed(1)}`,
    `${judgedPerSecond.toFixed(1)} frames judged a second; the daemon itself took ${daemonCores.toFixed(2)} cores; ${alerts} alerts, ${messages} messages`,
    `the event loop stood still for ${eventLoopStill.toFixed(0)} ms at most, with the time in which other programs had the processors`,
    ...rows.map(
      ({ camera, received, judged, dropped, underWay, p99 }) =>
        `${camera.padEnd(6)} ${received} received = ${judged} judged + ${dropped} dropped + ${underWay} under way, latency ${p99.toFixed(2)} s`,
    ),
    ...checks.map(
      ({ what, value, limit, unit, kept }) =>
        `${kept ? 'kept  ' : 'PASSED'} ${what}: ${value.toFixed(2)} ${unit} (limit ${limit})`,
    ),
  ].join('\n');
}
