import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { findCores } from '../../../src/common/processor/cores.js';
import type { Status } from '../../../src/line/daemon/status.js';
import { libraryOf, parseDevice } from '../../../src/method/engine/onnx/device.js';
import { aedesBroker, type Broker } from '../../fixtures/brokers.js';
import { startDaemon, total, until } from '../../fixtures/daemon.js';
import { noWebGpu, useSoftwareVulkan } from '../../fixtures/software-vulkan.js';
import { type TinyBundle, tinyBundle } from '../../fixtures/tiny-bundle.js';

let tiny: TinyBundle;
let folder: string;
let broker: Broker;
beforeAll(async () => {
  tiny = await tinyBundle();
  folder = join(inject('shared'), 'daemon-device');
  await mkdir(folder, { recursive: true });
  broker = await aedesBroker();
  await broker.start();
});
afterAll(() => broker.stop());

/** A daemon that judges a folder of pictures over and over on a device. */
const run = (name: string, device: string) =>
  startDaemon(
    name,
    `
model: ${tiny.bundle}
device: ${device}
cameras: [{ name: line, source: { kind: folder, path: ${join(tiny.data, 'test/good')}, loop: true }, fps: 4 }]
inspection: { maxBatch: 1, batchTimeout: 240s, precision: fp32 }
http: { port: 0 }
`,
    { folder, brokerPort: broker.port },
  );

/** What the daemon says that it runs on, once it has judged a frame. */
async function used(name: string, device: string) {
  const { process: daemon, metrics, port, log, close } = await run(name, device);
  const judged = async () => total(await metrics().catch(() => new Map()), 'kdad_frames_judged_total');
  await until(async () => (await judged()) > 0, log);
  const series = [...(await metrics()).keys()].filter((key) => key.startsWith('kdad_inference_device_info'));
  const status = (await (await fetch(`http://127.0.0.1:${port()}/api/v1/status`)).json()) as Status;
  daemon.kill('SIGTERM');
  await once(daemon, 'exit');
  await close();
  const [{ device: found, threads }] = status.models;
  return { series, device: found, threads, log: log() };
}

const withoutCuda = !existsSync(libraryOf(parseDevice('cuda')) as string);

describe('the device of a daemon', () => {
  it.runIf(withoutCuda)('is the processor by itself, and told', async () => {
    const { series, device, threads, log } = await used('auto', 'auto');
    expect(threads).toBe(findCores().usable);
    expect(log).toContain(`"threads":${threads},`);
    expect(device).toBe('cpu');
    expect(series).toEqual([
      'kdad_inference_device_info{model="bundle",engine="onnx",asked="auto",device="cpu",fallback="false"}',
    ]);
    expect(log).toMatch(/"device":"cpu".*"msg":"detector loaded"/);
  });

  it.runIf(withoutCuda)('is the one asked for or an error', async () => {
    const { process: daemon, log, close } = await run('cuda', 'cuda');
    const [code] = await once(daemon, 'exit');
    await close();
    expect(code).toBe(4);
    expect(log()).toMatch(/cuda: .*(setup cuda|linux).*\[DEVICE_UNUSABLE\]/s);
  });

  it.skipIf(noWebGpu)(`is WebGPU where that is asked for ${noWebGpu ? `(skipped: ${noWebGpu})` : ''}`, async () => {
    useSoftwareVulkan();
    const { series, device } = await used('webgpu', 'webgpu');
    expect(device).toBe('webgpu');
    expect(series).toEqual([
      'kdad_inference_device_info{model="bundle",engine="onnx",asked="webgpu",device="webgpu",fallback="false"}',
    ]);
  });
});
