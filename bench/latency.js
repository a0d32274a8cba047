// From a camera's frame to its verdict at the broker: how long that takes, where the time goes, and what the daemon
// needs for it, on two cores.
//   npm run build && node bench/latency.js [--cameras 1] [--size 1920x1080] [--fps 10] [--bits 4M] [--seconds 30]
//   [--starts 3]
//     [--settings FILE] [--main FILE] [--scene FOLDER] [--json]
// The cameras are RTSP servers that send H.264 and know when each frame left them; daemon, ffmpeg and Mosquitto are
// real. --starts: how often the start is measured, with a camera and with a video file. --settings: a file of more
// lines for the daemon's configuration. --main: the `dist/main.js` of another checkout. --scene: a folder that keeps
// the trained bundle and the clips for the next time. Times count from when the frame's last byte was handed to the
// socket.
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { processTree } from './latency/processes.js';
import { RtspCamera } from './latency/rtsp-camera.js';
import { makeClip, makeModel } from './latency/scene.js';
import { startBroker, startDaemon } from './rig.js';
import { account } from './soak/measures.js';

const { values } = parseArgs({
  options: {
    cameras: { type: 'string', default: '1' },
    size: { type: 'string', default: '1920x1080' },
    fps: { type: 'string', default: '10' },
    bits: { type: 'string', default: '4M' },
    seconds: { type: 'string', default: '30' },
    starts: { type: 'string', default: '3' },
    settings: { type: 'string' },
    main: { type: 'string' },
    scene: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const fps = Number(values.fps);
/** Seconds of a camera's frames that do not count: ffmpeg and the detector warm up. */
const WARM_UP = 3;
const main = values.main && resolve(values.main);
const now = () => performance.timeOrigin + performance.now();

const folder = await mkdtemp(join(tmpdir(), 'kdad-edge-latency-'));
const scene = resolve(values.scene ?? folder);
try {
  await mkdir(scene, { recursive: true });
  const model = await makeModel(scene);
  const { stream, video } = await makeClip(scene, { size: values.size.split('x'), fps, bits: values.bits });
  const settings = values.settings ? await readFile(values.settings, 'utf8') : '';
  const report = {
    cores: Math.min(2, availableParallelism()),
    load: loadavg()[0],
    cameras: Number(values.cameras),
    size: values.size,
    fps,
    start: await measureStarts({ model, settings, video, stream }),
    ...(Number(values.seconds) > 0 && (await measureLatency({ model, settings, stream }))),
  };
  console.log(values.json ? JSON.stringify(report) : describe(report));
} finally {
  await rm(folder, { recursive: true, force: true });
}

/**
 * Milliseconds from the daemon's launch, in the median: to what its log tells, and to the first verdict at the broker.
 */
async function measureStarts({ model, settings, video, stream }) {
  const sources = { rtsp: async (url) => ({ kind: 'rtsp', url }), file: async () => ({ kind: 'file', path: video }) };
  const medians = {};
  for (const [kind, source] of Object.entries(sources)) {
    const starts = [];
    for (let i = 0; i < Number(values.starts); i++) {
      const camera = new RtspCamera(stream, fps);
      const verdict = deferred();
      const broker = await startBroker(folder, (topic, _, time) => topic.endsWith('/verdict') && verdict.resolve(time));
      const cameras = [{ name: 'one', source: await source(await camera.start()) }];
      const daemon = await startDaemon({
        folder,
        model,
        cameras,
        brokerPort: broker.port,
        verdicts: true,
        settings,
        main,
      });
      const judged = await verdict.promise;
      await daemon.stop();
      camera.stop();
      await broker.stop();
      const lines = daemon
        .log()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
      const told = lines
        .filter(({ msg }) => msg !== 'stopping')
        .map(({ msg, time }) => [msg, Date.parse(time) - daemon.launched]);
      starts.push({ ...Object.fromEntries(told), 'first verdict': judged - daemon.launched });
    }
    if (starts.length === 0) continue;
    medians[kind] = Object.fromEntries(
      Object.keys(starts[0]).map((what) => [
        what,
        Math.round(
          quantile(
            starts.map((start) => start[what]),
            0.5,
          ),
        ),
      ]),
    );
  }
  return medians;
}

async function measureLatency({ model, settings, stream }) {
  const verdicts = [];
  const broker = await startBroker(folder, (topic, payload, time) => {
    if (topic.endsWith('/verdict')) verdicts.push({ ...JSON.parse(payload), judged: time });
  });
  const cameras = Array.from({ length: Number(values.cameras) }, (_, i) => ({
    name: `camera${i + 1}`,
    camera: new RtspCamera(stream, fps),
  }));
  const watched = [];
  for (const { name, camera } of cameras) {
    watched.push({ name, source: { kind: 'rtsp', url: await camera.start() } });
  }
  const daemon = await startDaemon({
    folder,
    model,
    cameras: watched,
    brokerPort: broker.port,
    verdicts: true,
    settings,
    main,
  });
  try {
    while (new Set(verdicts.map(({ camera }) => camera)).size < cameras.length) await sleep(100);
    await sleep(1000 * WARM_UP);
    const warm = { time: now(), processes: await processTree(daemon.pid), metrics: await daemon.metrics() };
    await sleep(1000 * Number(values.seconds));
    const end = { time: now(), processes: await processTree(daemon.pid), metrics: await daemon.metrics() };
    for (const { camera } of cameras) camera.stop();
    await sleep(1500);
    const last = await daemon.metrics();
    const frames = cameras.map(({ name, camera }) => ({ ...account(last, name), sent: camera.sent.length }));
    for (const { camera, sent, received } of frames) {
      // Only then is the n-th frame that was received the n-th that was sent.
      if (sent !== received) throw new Error(`${camera} sent ${sent} frames, and ${received} were received`);
    }
    const sentBy = new Map(cameras.map(({ name, camera }) => [name, camera.sent]));
    const judged = verdicts
      .map(({ camera, sequence, time, judged }) => ({
        sent: sentBy.get(camera)[sequence],
        came: Date.parse(time),
        judged,
      }))
      .filter(({ sent }) => sent >= warm.time && sent < end.time);
    const count = cameras.reduce(
      (sum, { camera }) => sum + camera.sent.filter((time) => time >= warm.time && time < end.time).length,
      0,
    );
    return {
      frames,
      /** Of the frames that were sent while it was measured. */
      judgedShare: judged.length / count,
      milliseconds: {
        'frame to verdict': spread(judged.map(({ sent, judged }) => judged - sent)),
        'frame to daemon': spread(judged.map(({ sent, came }) => came - sent)),
        'daemon to verdict': spread(judged.map(({ came, judged }) => judged - came)),
        ...inference(warm.metrics, end.metrics),
      },
      processes: processes(warm, end),
    };
  } finally {
    await daemon.stop();
    await broker.stop();
  }
}

/** A batch's milliseconds, and its frames, in the mean. */
function inference(first, last) {
  const perBatch = (name) => {
    const difference = (series) => last.get(`${name}_${series}`) - first.get(`${name}_${series}`);
    return difference('sum') / difference('count');
  };
  return { batch: { mean: 1000 * perBatch('kdad_inference_seconds'), frames: perBatch('kdad_batch_frames') } };
}

/** Of each kind of process: megabytes, and processors that it kept busy. */
function processes(first, last) {
  const kinds = new Map();
  for (const { pid, what, rss, pss, seconds } of last.processes) {
    const before = first.processes.find((process) => process.pid === pid)?.seconds ?? 0;
    const cores = (1000 * (seconds - before)) / (last.time - first.time);
    for (const name of [what, 'together']) {
      const sum = kinds.get(name) ?? { rss: 0, pss: 0, cores: 0 };
      kinds.set(name, { rss: sum.rss + rss / 1e6, pss: sum.pss + pss / 1e6, cores: sum.cores + cores });
    }
  }
  return Object.fromEntries(kinds);
}

function spread(milliseconds) {
  const at = (share) => Math.round(10 * quantile(milliseconds, share)) / 10;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

function quantile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

function deferred() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

function describe({
  cores,
  load,
  cameras,
  size,
  fps,
  start,
  frames = [],
  judgedShare,
  milliseconds = {},
  processes: used = {},
}) {
  const numbers = (row) =>
    Object.entries(row)
      .map(([name, value]) => `${name} ${value.toFixed(value < 10 ? 2 : 0)}`)
      .join(', ');
  return [
    `${cameras} camera(s), ${size} at ${fps} frames a second, on ${cores} cores; load of the machine before it ${load.toFixed(1)}`,
    ...Object.entries(start).map(([kind, row]) => `start, ${kind}, ms: ${numbers(row)}`),
    ...frames.map(
      ({ camera, sent, judged, dropped }) => `${camera}: ${sent} sent = ${judged} judged + ${dropped} dropped`,
    ),
    ...(judgedShare === undefined ? [] : [`judged, when warm: ${(100 * judgedShare).toFixed(1)} %`]),
    ...Object.entries(milliseconds).map(([what, row]) => `${what}, ms: ${numbers(row)}`),
    ...Object.entries(used).map(([what, row]) => `${what}, MB and cores: ${numbers(row)}`),
  ].join('\n');
}
