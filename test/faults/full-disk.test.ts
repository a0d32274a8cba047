import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { recipes } from '../../src/learning/training/recipes.js';
import { train } from '../../src/learning/training/train.js';
import { Outbox, type OutboxMessage } from '../../src/line/publish/outbox.js';
import { writeBundle } from '../../src/method/bundle/write.js';
import { OnnxEngine } from '../../src/method/engine/onnx/onnx-engine.js';
import { imagenetPreprocessing } from '../../src/method/images/preprocessing.js';
import { aedesBroker } from '../fixtures/brokers.js';
import { kdadEdge } from '../fixtures/command-line.js';
import { makeVideo, startDaemon, until } from '../fixtures/daemon.js';
import { calibration, manifest } from '../fixtures/manifest.js';
import { hasSmallDisks, smallDisk } from '../fixtures/small-disk.js';
import { TINY, tinyBundle } from '../fixtures/tiny-bundle.js';

const message = (text: string): OutboxMessage => ({
  kind: 'alert',
  topic: 'box/alert',
  alert: text,
  madeAt: 0,
  payload: Buffer.alloc(20_000, text),
});

describe.skipIf(!hasSmallDisks)('on a full disk', () => {
  let video: string;
  beforeAll(async () => {
    await tinyBundle();
    const folder = join(inject('shared'), 'full-disk');
    await mkdir(folder, { recursive: true });
    video = join(folder, 'part.avi');
    await makeVideo(video, { good: 10, bad: 10 });
  });

  it('the outbox refuses messages and gives those that it has, and takes them again when there is room', async () => {
    const disk = await smallDisk(24);
    const folder = join(disk.path, 'outbox');
    const outbox = new Outbox(folder, () => {});
    await outbox.start();
    for (const text of ['a', 'b']) await outbox.add(message(text), 0);
    await disk.fill();
    for (let i = 0; i < 3; i++) {
      await expect(outbox.add(message('lost'), 0)).rejects.toMatchObject({
        code: 'STATE_UNUSABLE',
        message: expect.stringMatching(/outbox: .*No space left on device$/),
      });
    }
    const first = await outbox.first();
    expect(first?.message.alert).toBe('a');
    // Told to be done it is not sent again and again, even though the disk does not take it.
    await outbox.done(first?.key as string).catch(() => {});
    expect((await outbox.first())?.message.alert).toBe('b');
    await disk.clear();
    await outbox.add(message('c'), 0);
    expect(outbox.depth).toBe(2);
    await outbox.stop();
    await outbox.start();
    // At least once: what could not be taken out comes again.
    expect((await outbox.first())?.message.alert).toBe('a');
    expect(outbox.depth).toBe(3);
    await outbox.stop();
  });

  it('the daemon starts and alerts all the same, and says what it goes without', async () => {
    const broker = await aedesBroker();
    await broker.start();
    onTestFinished(() => broker.stop());
    const { disk, yaml } = await place();
    await disk.fill();
    const mqtt = `mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: filled, version: "3.1.1" }\n`;
    const daemon = await startDaemon('filled', `${yaml}${mqtt}`, { folder: dirname(video), brokerPort: broker.port });
    await until(() => daemon.on('cameras/line/alert').length > 1, daemon.log);
    expect(daemon.log()).toMatch(
      /"reason":"[^"]*outbox: [^"]*no space left[^"]*","msg":"alerts are sent without the outbox/i,
    );
    expect((await daemon.metrics()).get('kdad_state_failures_total{part="outbox"}')).toBeGreaterThan(0);
    await daemon.close();
  });

  it('a running daemon goes on judging and alerting, keeps no evidence, and uses the outbox again when there is room', async () => {
    const broker = await aedesBroker();
    await broker.start();
    onTestFinished(() => broker.stop());
    const { disk, yaml } = await place();
    const mqtt = `mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: full, version: "3.1.1" }\n`;
    const folder = dirname(video);
    const daemon = await startDaemon('full', `${yaml}${mqtt}`, { folder, brokerPort: broker.port });
    await until(() => daemon.port() > 0 && daemon.on('cameras/line/state').length > 0, daemon.log);
    await disk.fill();
    const opened = () => daemon.on('cameras/line/alert').filter(({ payload }) => /"opened"/.test(payload.toString()));
    const before = opened().length;
    await until(() => opened().length >= before + 2, daemon.log);
    expect(daemon.log()).toMatch(
      /No space left on device","msg":"alerts are sent without the outbox: it cannot be used"/,
    );
    expect(daemon.log()).toMatch(/"msg":"evidence is not written: the disk has less room than evidence.minFree"/);
    expect((await daemon.metrics()).get('kdad_evidence_skipped_total{reason="full"}')).toBeGreaterThan(0);
    await disk.clear();
    const complaints = () => daemon.log().split('without the outbox').length;
    const [then, alerts] = [complaints(), opened().length];
    await until(() => opened().length > alerts + 1, daemon.log);
    // One that had begun before.
    expect(complaints() - then).toBeLessThanOrEqual(1);
    daemon.process.kill('SIGTERM');
    const [code] = await once(daemon.process, 'exit');
    expect(code, daemon.log()).toBe(0);
    await daemon.close();
  });

  it('training ends with one clear error, and leaves nothing half done', async () => {
    const { data, teacher } = await tinyBundle();
    const disk = await smallDisk(4);
    await disk.fill();
    const out = join(disk.path, 'model');
    const size = [TINY, TINY] as const;
    const preprocessing = { ...imagenetPreprocessing, size };
    const engine = new OnnxEngine({ threads: 1 });
    await expect(
      train({ data, teacher, out, recipe: recipes.kdad, epochs: 1, seed: 0, engine, preprocessing }),
    ).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringMatching(/^.*\/model.checkpoint cannot be written: ENOSPC: no space left on device/),
    });
    expect(await readdir(disk.path)).toEqual(['ballast']);
  });

  it('a bundle is not written by half', async () => {
    const disk = await smallDisk(2);
    const files = { 'detector.onnx': Buffer.alloc(4e6), 'calibration.json': calibration, 'self-test.png': 'picture' };
    await expect(writeBundle(join(disk.path, 'model'), { files, manifest })).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      message: expect.stringContaining('/model cannot be written: ENOSPC: no space left on device'),
    });
    expect(await readdir(disk.path)).toEqual([]);
  });

  it('collecting ends with one clear error', async () => {
    const { disk, config } = await place();
    const out = join(disk.path, 'parts');
    await disk.fill();
    const { code, stderr } = await kdadEdge('collect', '--config', config, '--camera', 'line', '--out', out);
    expect(stderr).toMatch(/parts.* cannot be written: ENOSPC: no space left on device/);
    expect(stderr).toMatch(/\[OUTPUT_UNWRITABLE\]\n$/);
    expect(code).toBe(4);
  });

  /** A disk, and a configuration whose state lies on it. */
  async function place() {
    const disk = await smallDisk(32);
    const { bundle } = await tinyBundle();
    const yaml = `model: ${bundle}
stateDir: ${join(disk.path, 'state')}
cameras: [{ name: line, source: { kind: file, path: ${video}, loop: true } }]
alert: { open: { k: 3, n: 5 }, goodFrames: 4, release: 1, cooldown: 0s }
inspection: { queue: 50 }
evidence: { minFree: 10 }
http: { port: 0 }
`;
    const config = join(await mkdtemp(join(inject('shared'), 'full-disk-')), 'kdad-edge.yaml');
    await writeFile(config, `${yaml}mqtt: { url: "mqtt://127.0.0.1:1" }\n`);
    return { disk, yaml, config };
  }
});
