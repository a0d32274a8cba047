import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  devicePattern,
  libraryOf,
  type Machine,
  obstacleTo,
  openOn,
  parseDevice,
  providersOf,
  thisMachine,
} from '../../../../src/method/engine/onnx/device.js';
import { folderWith } from '../../../fixtures/folder.js';

const cudaLibrary = 'libonnxruntime_providers_cuda.so';

/** A linux/x64 machine with these files in place of onnxruntime-node's libraries and of /dev. */
async function machineWith(files: Record<string, string>, changes: Partial<Machine> = {}): Promise<Machine> {
  const folder = await folderWith({ 'lib/.here': '', 'dev/.here': '', ...files });
  return { platform: 'linux', arch: 'x64', libraries: `${folder}/lib`, dev: `${folder}/dev`, ...changes };
}

const ready = { [`lib/${cudaLibrary}`]: '', 'dev/nvidiactl': '' };

describe('a device', () => {
  it.each(['auto', 'cpu', 'cuda', 'cuda:1', 'tensorrt:0', 'webgpu'])('may be called %s', (name) => {
    expect(name).toMatch(devicePattern);
  });

  it.each(['', 'gpu', 'cuda:', 'cuda:x', 'cuda:123', 'cpu:0', 'auto:1', 'CUDA', ' cpu'])(
    'may not be called "%s"',
    (name) => {
      expect(name).not.toMatch(devicePattern);
    },
  );

  it.each([
    ['cpu', ['cpu']],
    ['cuda', [{ name: 'cuda', deviceId: 0 }]],
    ['cuda:1', [{ name: 'cuda', deviceId: 1 }]],
    [
      'tensorrt:2',
      [
        { name: 'tensorrt', deviceId: 2 },
        { name: 'cuda', deviceId: 2 },
      ],
    ],
    ['webgpu', ['webgpu']],
  ])('is opened by its execution providers: %s', (name, providers) => {
    expect(providersOf(parseDevice(name))).toEqual(providers);
  });

  it('leaves what it is unfit for to the processor', () => {
    const webgpu = { name: 'webgpu', forceCpuNodeNames: ['MaxPool_3'] };
    expect(providersOf(parseDevice('webgpu'), ['MaxPool_3'])).toEqual([webgpu]);
    expect(providersOf(parseDevice('cpu'), ['MaxPool_3'])).toEqual(['cpu']);
  });

  it('has its library in the folder that onnxruntime-node loads from', () => {
    expect(existsSync(`${thisMachine.libraries}/onnxruntime_binding.node`)).toBe(true);
    expect(libraryOf(parseDevice('cuda'))).toBe(`${thisMachine.libraries}/${cudaLibrary}`);
  });
});

describe('an obstacle to a device', () => {
  const obstacle = async (name: string, files = {}, changes = {}) =>
    obstacleTo(parseDevice(name), await machineWith(files, changes));

  it('is never one to the processor', async () => {
    expect(await obstacle('cpu', {}, { arch: 'arm64' })).toBeUndefined();
  });

  it('is arm64, where the package has the processor alone', async () => {
    for (const name of ['cuda', 'tensorrt', 'webgpu']) {
      expect(await obstacle(name, ready, { arch: 'arm64' })).toMatch(/linux\/arm64.*tensorflow engine/);
    }
  });

  it('is a library that was not installed', async () => {
    expect(await obstacle('cuda')).toMatch(/libonnxruntime_providers_cuda\.so is missing: run kdad-edge setup cuda$/);
    expect(await obstacle('tensorrt', ready)).toMatch(/libonnxruntime_providers_tensorrt\.so is missing/);
  });

  it('is a driver that is not loaded', async () => {
    expect(await obstacle('cuda', { [`lib/${cudaLibrary}`]: '' })).toMatch(/no NVIDIA driver is loaded.*nvidiactl/);
  });

  it('is an index for WebGPU', async () => {
    expect(await obstacle('webgpu:1')).toMatch(/VK_DRIVER_FILES/);
  });

  it('is none where files and driver are there', async () => {
    expect(await obstacle('cuda:1', ready)).toBeUndefined();
    expect(await obstacle('cuda', { [`lib/${cudaLibrary}`]: '', 'dev/dxg': '' })).toBeUndefined();
    expect(await obstacle('webgpu')).toBeUndefined();
  });
});

describe('opening on a device', () => {
  /** Opens on every device but those named. */
  const openerBut =
    (...broken: string[]) =>
    async (device: string) => {
      if (broken.includes(device)) throw new Error(`${device} is broken`);
      return device.toUpperCase();
    };

  it('takes the one asked for by name or none', async () => {
    expect(await openOn('webgpu', openerBut())).toEqual({ opened: 'WEBGPU', device: 'webgpu' });
    await expect(openOn('cuda:1', openerBut('cuda:1'))).rejects.toThrow('cuda:1 is broken');
  });

  it('takes the processor by itself where nothing else was set up', async () => {
    const machine = await machineWith({});
    expect(await openOn('auto', openerBut('cuda'), machine)).toEqual({ opened: 'CPU', device: 'cpu' });
  });

  it('takes CUDA by itself where that was installed and works', async () => {
    const machine = await machineWith(ready);
    expect(await openOn('auto', openerBut(), machine)).toEqual({ opened: 'CUDA', device: 'cuda' });
  });

  it('says why the processor takes the place of CUDA', async () => {
    const machine = await machineWith(ready);
    const used = await openOn('auto', openerBut('cuda'), machine);
    expect(used).toEqual({ opened: 'CPU', device: 'cpu', passedOver: 'cuda is broken' });
  });
});
