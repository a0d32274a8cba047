import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Machine, thisMachine } from '../../../../src/method/engine/onnx/device.js';
import { findCuda } from '../../../../src/tools/setup/cuda/find-cuda.js';
import { setUpCuda } from '../../../../src/tools/setup/cuda/set-up.js';
import { folderWith } from '../../../fixtures/folder.js';

/** An onnxruntime-node that publishes libraries for CUDA 12, and whose installer does this. */
async function packageWith(installer: string) {
  const folder = await folderWith({
    'package.json': '{}',
    'script/install-metadata.js': "module.exports = { requirements: { 'linux/x64': ['cuda12'], 'linux/arm64': [] } };",
    'script/install.js': installer,
    'bin/.here': '',
    'dev/nvidiactl': '',
  });
  const machine: Machine = { platform: 'linux', arch: 'x64', libraries: join(folder, 'bin'), dev: join(folder, 'dev') };
  return { folder, machine, scripts: join(folder, 'script') };
}

const installs = `
  const { writeFileSync } = require('node:fs');
  const name = require('node:path').join(__dirname, '../bin/libonnxruntime_providers_cuda.so');
  writeFileSync(name, process.env.ONNXRUNTIME_NODE_INSTALL);`;
const refused = `Promise.reject(new Error('getaddrinfo ENOTFOUND api.nuget.org'));`;

const here = (...majors: number[]) => ({
  find: async () => majors.map((major) => ({ major, path: `/cuda/libcudart.so.${major}` })),
});

describe('setting CUDA up', () => {
  it("runs onnxruntime-node's installer for the CUDA that is here, whatever npm's settings say", async () => {
    const { folder, ...options } = await packageWith(installs);
    const steps: string[] = [];
    const done = await setUpCuda({ ...options, ...here(13, 12), onStep: (step) => steps.push(step) });
    expect(done).toEqual({ cuda: 12, folder: join(folder, 'bin'), open: [] });
    expect(steps).toEqual(["Fetching onnxruntime's libraries for CUDA 12"]);
  });

  it('tells what is still missing: the driver', async () => {
    const { machine, scripts } = await packageWith(installs);
    const done = await setUpCuda({ machine: { ...machine, dev: '/nowhere' }, scripts, ...here(12) });
    expect(done.open).toEqual([expect.stringMatching(/no NVIDIA driver is loaded/)]);
  });

  it('does without a CUDA here when its version is named', async () => {
    const { machine, scripts } = await packageWith(installs);
    expect(await setUpCuda({ machine, scripts, ...here(), cuda: 12 })).toMatchObject({ cuda: 12 });
  });

  it.each([
    ['no CUDA', here(), {}, 'CUDA_MISSING', /^no CUDA is here \(no libcudart\.so\).*for CUDA 12$/],
    ['another CUDA', here(13), {}, 'CUDA_MISSING', /^CUDA 13 is here \(\/cuda\/libcudart\.so\.13\).*for CUDA 12$/],
    ['another CUDA by name', here(12), { cuda: 11 }, 'CUDA_MISSING', /^CUDA 11 was asked for; .*CUDA 12$/],
  ])('says that it cannot with %s', async (_, found, options, code, message) => {
    const { machine, scripts } = await packageWith(installs);
    const failed = setUpCuda({ machine, scripts, ...found, ...options });
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(existsSync(join(machine.libraries, 'libonnxruntime_providers_cuda.so'))).toBe(false);
  });

  it('says that there are no libraries for arm64', async () => {
    const { machine, scripts } = await packageWith(installs);
    const failed = setUpCuda({ machine: { ...machine, arch: 'arm64' }, scripts, ...here(12) });
    const message = expect.stringMatching(/no CUDA libraries for linux\/arm64.*setup tensorflow$/);
    await expect(failed).rejects.toMatchObject({ code: 'DEVICE_UNUSABLE', message });
  });

  it('says why the download failed, and how to do without it', async () => {
    const { machine, scripts } = await packageWith(refused);
    const message = expect.stringMatching(/failed \(Error: getaddrinfo ENOTFOUND api\.nuget\.org\); .*by hand$/);
    await expect(setUpCuda({ machine, scripts, ...here(12) })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message,
    });
  });

  it('notices an installer that does nothing', async () => {
    const { machine, scripts } = await packageWith('');
    const message = expect.stringMatching(/ended without .*libonnxruntime_providers_cuda\.so/);
    await expect(setUpCuda({ machine, scripts, ...here(12) })).rejects.toMatchObject({
      code: 'DOWNLOAD_FAILED',
      message,
    });
  });

  it('knows what the onnxruntime-node in use publishes', async () => {
    const failed = setUpCuda({ machine: { ...thisMachine, platform: 'linux', arch: 'x64' }, cuda: 99 });
    await expect(failed).rejects.toMatchObject({
      message: 'CUDA 99 was asked for; onnxruntime-node has libraries for CUDA 12',
    });
  });
});

describe('finding CUDA', () => {
  it('looks for its runtime library, in the path of libraries and in toolkits', async () => {
    const folder = await folderWith({
      'own/libcudart.so.91.2': '',
      'toolkits/cuda-92.1/lib64/libcudart.so.92': '',
      'toolkits/cuda/targets/x86_64-linux/lib/libcudart.so.92.1.5': '',
      'toolkits/else/lib64/libcudart.so.93': '',
    });
    const found = await findCuda({ LD_LIBRARY_PATH: `/nowhere:${folder}/own` }, join(folder, 'toolkits'));
    expect(found.filter(({ major }) => major > 90).map(({ major }) => major)).toEqual([92, 91]);
    expect(found.at(1)?.path ?? '').toBe(join(folder, 'own/libcudart.so.91.2'));
  });
});
