import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Status } from '../../../src/line/daemon/status.js';
import { openBundle } from '../../../src/method/bundle/read.js';
import { mapSettingsOf } from '../../../src/method/detector/map-settings.js';
import { scoreOf } from '../../../src/method/detector/scoring.js';
import { DetectorSession } from '../../../src/method/engine/onnx/session.js';
import { encodePng, framePicture } from '../../../src/method/images/image.js';
import type { Picture } from '../../../src/method/images/picture.js';
import type { Scoring } from '../../../src/method/model/scoring.js';
import { aedesBroker, type Broker } from '../../fixtures/brokers.js';
import { kdadEdge } from '../../fixtures/command-line.js';
import { startDaemon, until } from '../../fixtures/daemon.js';
import { otherBundle, shapes } from '../../fixtures/other-bundle.js';
import { PICTURE, picture } from '../../fixtures/product.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

type Corners = [x: number, y: number][];

let folder: string;
let broker: Broker;
/** Around the blot of the picture, in parts of it. */
let blot: { left: number; top: number; right: number; bottom: number };
/** A bundle, and its map of the picture. */
interface Model {
  readonly path: string;
  readonly size: readonly [number, number];
  readonly map: Float32Array;
  readonly scoring: Scoring;
  readonly threshold: number;
}
const models: Record<string, Model> = {};

const rectangle = (left: number, top: number, right: number, bottom: number): Corners => [
  [left, top],
  [right, top],
  [right, bottom],
  [left, bottom],
];

beforeAll(async () => {
  folder = join(inject('shared'), 'ignore');
  await mkdir(join(folder, 'parts'), { recursive: true });
  broker = await aedesBroker();
  await broker.start();
  const { pixels, mask } = picture(2000, true);
  const part = { pixels, width: PICTURE, height: PICTURE };
  await writeFile(join(folder, 'parts/blotted.png'), await encodePng(part));
  await mkdir(join(folder, 'wide'));
  const wide = beside(part);
  await writeFile(join(folder, 'wide/blotted.png'), await encodePng(wide));
  const at = [...mask.keys()].filter((i) => mask[i]).map((i) => [i % PICTURE, Math.floor(i / PICTURE)]);
  const [xs, ys] = [at.map(([x]) => x), at.map(([, y]) => y)];
  blot = {
    left: Math.min(...xs) / PICTURE - 0.25,
    top: Math.min(...ys) / PICTURE - 0.25,
    right: Math.max(...xs) / PICTURE + 0.25,
    bottom: Math.max(...ys) / PICTURE + 0.25,
  };
  for (const key in blot) blot[key as 'top'] = Math.min(1, Math.max(0, blot[key as 'top']));
  const paths = {
    quarter: (await tinyBundle()).bundle,
    full: await otherBundle(join(folder, 'full'), shapes['a map of the frame’s size']),
    flat: await otherBundle(join(folder, 'flat'), shapes['a flat frame']),
    padded: await otherBundle(join(folder, 'padded'), { ...shapes['a map of a quarter of the size'], aspect: 1 }),
  };
  for (const [name, path] of Object.entries(paths)) {
    const bundle = await openBundle(path, 'fp32');
    const session = await DetectorSession.load(bundle.detectorPath);
    const seen = await framePicture(name === 'padded' ? wide : part, bundle.manifest.preprocessing);
    const { maps, mapSize } = await session.run(seen.pixels, 1);
    const { scoring } = mapSettingsOf(bundle);
    models[name] = { path, size: mapSize, map: maps, scoring, threshold: bundle.threshold };
    await session.dispose();
  }
});
afterAll(() => broker.stop());

/** The same picture twice, one beside the other: twice as wide as what the model knows. */
function beside({ width, height, pixels }: Picture): Picture {
  const twice = new Uint8Array(2 * pixels.length);
  for (let row = 0; row < height; row++) {
    const line = pixels.subarray(row * width * 3, (row + 1) * width * 3);
    for (const column of [0, width]) twice.set(line, (row * 2 * width + column) * 3);
  }
  return { width: 2 * width, height, pixels: twice };
}

/** The score of a map where an area does not count, by the threshold. */
function ratioWithout({ map, size, scoring, threshold }: Model, areas: readonly Corners[]): number {
  const [height, width] = size;
  const counts = (i: number) => {
    const [x, y] = [((i % width) + 0.5) / width, (Math.floor(i / width) + 0.5) / height];
    return !areas.some(([[left, top], , [right, bottom]]) => x > left && x < right && y > top && y < bottom);
  };
  return (
    scoreOf(
      map.filter((_, i) => counts(i)),
      scoring,
    ) / threshold
  );
}

const yaml = (name: string, cameras: string) => `
inspection: { precision: fp32 }
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: ${name} }
http: { port: 0 }
alert: { open: { k: 2, n: 2 } }
model: ${models.quarter.path}
cameras:
${cameras}`;

const camera = (name: string, model: string, areas: readonly Corners[], parts = 'parts') =>
  `  - { name: ${name}, model: ${models[model].path}, fps: 10, source: { kind: folder, path: ../${parts}, loop: true }, ignore: ${JSON.stringify(areas)} }\n`;

describe('areas to ignore', () => {
  it('lie where they are drawn, whatever the size of the map and the shape of the picture', async () => {
    const { left, top, right, bottom } = blot;
    const strip = [rectangle(0, 0, 1, 1 / 16)];
    const defect = [rectangle(left, top, right, bottom)];
    const rest = [
      rectangle(0, 0, 1, top),
      rectangle(0, bottom, 1, 1),
      rectangle(0, top, left, bottom),
      rectangle(right, top, 1, bottom),
    ];
    const areas = { strip, defect, rest };
    const cameras = Object.keys(models).flatMap((model) =>
      Object.entries(areas)
        .filter(() => model !== 'padded')
        .map(([what, ignore]) => ({ name: `${model}-${what}`, model, ignore, inFrame: ignore })),
    );
    const padding = [rectangle(0, 0, 1, 0.25), rectangle(0, 0.75, 1, 1)];
    const wide = [
      { name: 'wide-half', ignore: [rectangle(0, 0, 0.5, 1)], inFrame: [...padding, rectangle(0, 0.25, 0.5, 0.75)] },
      { name: 'wide-strip', ignore: [rectangle(0, 0, 1, 0.75)], inFrame: [...padding, rectangle(0, 0.25, 1, 0.625)] },
    ].map((one) => ({ ...one, model: 'padded' }));
    const text = yaml(
      'areas',
      [
        ...cameras.map(({ name, model, ignore }) => camera(name, model, ignore)),
        ...wide.map(({ name, model, ignore }) => camera(name, model, ignore, 'wide')),
      ].join(''),
    );
    const daemon = await startDaemon('areas', text, { folder, brokerPort: broker.port });
    await until(() => daemon.port() > 0, daemon.log, 60_000);
    const status = async () =>
      (await (await fetch(`http://127.0.0.1:${daemon.port()}/api/v1/status`)).json()) as Status;
    await until(async () => (await status()).cameras.every(({ framesJudged }) => framesJudged >= 4), daemon.log);
    const judged = (await status()).cameras;
    for (const { name, model, inFrame } of [...cameras, ...wide]) {
      const { lastRatio, openAlert } = judged.find((one) => one.name === name) as Status['cameras'][number];
      const expected = ratioWithout(models[model], inFrame);
      expect(Math.abs((lastRatio as number) / expected - 1), `${name}: ${lastRatio}, not ${expected}`).toBeLessThan(
        0.01,
      );
      expect(openAlert !== null, name).toBe(expected >= 1);
      // The fixture itself: the defect is seen wherever it is not what is ignored.
      if (!name.endsWith('defect')) expect(expected, name).toBeGreaterThan(1);
      else expect(expected, name).toBeLessThan(ratioWithout(models[model], []));
    }
    daemon.process.kill('SIGTERM');
    await once(daemon.process, 'exit');
    await daemon.close();
  });

  it('that leave nothing are refused: by the check, at start, and by a reload, which changes nothing', async () => {
    const all = camera('blind', 'quarter', [rectangle(0, 0, 1, 0.99)]);
    const home = join(folder, 'blind');
    await mkdir(home, { recursive: true });
    const config = join(home, 'kdad-edge.yaml');
    await writeFile(config, yaml('blind', all));
    const check = await kdadEdge('config', 'check', '--config', config);
    expect(check.code).toBe(2);
    expect(check.stderr).toMatch(
      /:\d+:\d+: cameras\.1\.ignore: the areas to ignore leave nothing of the anomaly map of 16 x 16/,
    );
    const run = await kdadEdge('run', '--config', config);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(
      /camera blind: the areas to ignore leave nothing of the anomaly map .*\[CONFIG_INVALID\]/s,
    );

    const seeing = camera('blind', 'quarter', [rectangle(0, 0, 1, 0.5)]);
    const daemon = await startDaemon('blind', yaml('blind', seeing), { folder, brokerPort: broker.port });
    await until(() => /"msg":"camera live"/.test(daemon.log()), daemon.log, 60_000);
    expect(daemon.log()).toMatch(/"ignored":0.5,.*this share of the picture is ignored/);
    await writeFile(config, yaml('blind', all));
    daemon.process.kill('SIGHUP');
    await until(() => /leave nothing of the anomaly map/.test(daemon.log()), daemon.log);
    const judged = async () => (await daemon.metrics()).get('kdad_frames_received_total{camera="blind"}') ?? 0;
    const before = await judged();
    await until(async () => (await judged()) > before, daemon.log);
    daemon.process.kill('SIGTERM');
    await once(daemon.process, 'exit');
    await daemon.close();
  });
});
