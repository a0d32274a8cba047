import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { InferenceProcess, type InferenceProcessOptions } from '../../../src/line/inspection/inference-process.js';
import { type Bundle, openBundle } from '../../../src/method/bundle/read.js';
import type { Used } from '../../../src/method/detector/detector.js';
import { libraryOf, parseDevice } from '../../../src/method/engine/onnx/device.js';
import { DetectorSession } from '../../../src/method/engine/onnx/session.js';
import { decodeImage } from '../../../src/method/images/image.js';
import { main } from '../../fixtures/command-line.js';
import { TINY, tinyBundle } from '../../fixtures/tiny-bundle.js';
import { canBeUnprivileged, unprivileged } from '../../fixtures/unprivileged.js';

const entry = new URL('../../../dist/line/inspection/inference-main.js', import.meta.url);
const running: InferenceProcess[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

/** An inference process, and the losses that it told of. */
function inference(options: Pick<InferenceProcessOptions, 'source'> & Partial<InferenceProcessOptions>) {
  const losses: string[] = [];
  const devices: Used[] = [];
  const onDevice = (used: Used) => devices.push(used);
  const process = new InferenceProcess({
    timeout: 240_000,
    entry,
    ...options,
    onDevice,
    onLoss: (reason) => losses.push(reason),
  });
  running.push(process);
  return { process, losses, devices };
}

const tiny = async (): Promise<Bundle> => openBundle((await tinyBundle()).bundle, 'fp32');

async function frames(): Promise<Uint8Array> {
  const { data } = await tinyBundle();
  const paths = ['test/good/000.png', 'test/blot/000.png'].map((path) => join(data, path));
  return Buffer.concat(await Promise.all(paths.map((path) => decodeImage(path, { size: [TINY, TINY] }))));
}

/** Signals the children of this process, as the kernel lists them. */
async function signalChildren(signal: NodeJS.Signals): Promise<void> {
  const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8');
  for (const child of children.trim().split(' ').filter(Boolean)) process.kill(Number(child), signal);
}

describe('the inference process', () => {
  it('judges as the detector does, and sends back only the maps that are wanted', async () => {
    const source = await tiny();
    const { process } = inference({ source });
    await process.start();
    const judged = await process.judge({ batch: 2, frames: await frames(), mapsFrom: [Number.POSITIVE_INFINITY, 0] });

    const session = await DetectorSession.load(source.detectorPath);
    const expected = await session.run(await frames(), 2);
    await session.dispose();
    expect(judged.scores).toEqual(expected.scores);
    expect(judged.maps[0]).toBeNull();
    const values = expected.maps.slice(expected.maps.length / 2);
    expect(judged.maps[1]).toEqual({ values, size: [TINY / 4, TINY / 4] });
  });

  it('is replaced when it is killed: the batch is lost, the next one is judged', async () => {
    const { process, losses } = inference({ source: await tiny() });
    await process.start();
    const request = { batch: 2, frames: await frames(), mapsFrom: [1, 1] };
    await signalChildren('SIGSTOP');
    const lost = process.judge(request);
    await signalChildren('SIGKILL');
    await expect(lost).rejects.toMatchObject({ code: 'INFERENCE_FAILED', message: expect.stringContaining('SIGKILL') });
    expect(losses).toHaveLength(1);
    expect((await process.judge(request)).scores).toHaveLength(2);
  });

  it('is replaced when it hangs', async () => {
    const hanging = join(inject('shared'), 'hanging.mjs');
    await writeFile(
      hanging,
      `process.on('message', ({ kind }) => { if (kind === 'load') process.send({ kind: 'loaded' }); });
       process.on('SIGTERM', () => {});`,
    );
    const { process: one, losses } = inference({ source: await tiny(), timeout: 5000, entry: pathToFileURL(hanging) });
    await one.start();
    await expect(one.judge({ batch: 0, frames: new Uint8Array(), mapsFrom: [] })).rejects.toThrow(/within 5 s/);
    expect(losses).toEqual([expect.stringMatching(/within 5 s/)]);
  });

  it('judges its picture alone and in the largest batch before it is ready, and is not when one score is another', async () => {
    const forgetful = join(inject('shared'), 'forgetful.mjs');
    await writeFile(
      forgetful,
      `process.on('message', ({ kind, batch }) => process.send(kind === 'load' ? { kind: 'loaded' } :
         { kind: 'judged', scores: Float32Array.from({ length: batch }, (_, i) => i < 2 ? 1 : 0), maps: [] }));`,
    );
    const selfTest = { frame: new Uint8Array(3), score: 1 };
    const options = { source: await tiny(), selfTest, entry: pathToFileURL(forgetful) };
    await inference({ ...options, maxBatch: 2 }).process.start();
    await expect(inference({ ...options, maxBatch: 3 }).process.start()).rejects.toMatchObject({
      code: 'INFERENCE_FAILED',
      message: expect.stringContaining('self-test failed'),
    });
  });

  it('says why a detector cannot be loaded', async () => {
    const broken = join(inject('shared'), 'broken.onnx');
    await writeFile(broken, 'no model');
    const { process } = inference({ source: { ...(await tiny()), detectorPath: broken } });
    await expect(process.start()).rejects.toMatchObject({
      code: 'INFERENCE_FAILED',
      message: expect.stringContaining('broken.onnx'),
    });
  });

  const withoutCuda = !existsSync(libraryOf(parseDevice('cuda')) as string);
  it.runIf(withoutCuda)('tells what it runs on: by itself the processor, where nothing else was set up', async () => {
    const { process, devices } = inference({ source: await tiny(), device: 'auto', threads: 3 });
    await process.start();
    expect(devices).toEqual([{ device: 'cpu', threads: 3, passedOver: undefined }]);
  });

  it.runIf(withoutCuda)('does not start on another device than the one asked for by name', async () => {
    const { process, devices } = inference({ source: await tiny(), device: 'cuda:1' });
    await expect(process.start()).rejects.toMatchObject({
      code: 'DEVICE_UNUSABLE',
      message: expect.stringMatching(/^cuda:1: .*(setup cuda|linux)/),
    });
    expect(devices).toEqual([]);
  });

  it.skipIf(!canBeUnprivileged)(
    'runs where it is less important than it wants to be, and may not become more so',
    async () => {
      const { bundle } = await tinyBundle();
      await chmod(inject('shared'), 0o755);
      const args = ['-n', '10', execPath, main, 'models', 'verify', bundle];
      const { stdout } = await promisify(execFile)('nice', args, { ...unprivileged, cwd: '/' });
      expect(stdout).toMatch(/is whole and judges/);
    },
  );

  it('leaves no process behind when it is stopped while it loads', async () => {
    const { process: one } = inference({ source: await tiny() });
    const starting = one.start().catch((error: Error) => error.message);
    await sleep(50);
    await one.stop();
    expect(await starting).toMatch(/ended/);
  });
});
