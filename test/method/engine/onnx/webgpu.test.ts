import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { LiveDetector } from '../../../../src/line/inspection/live-detector.js';
import { openBundle } from '../../../../src/method/bundle/read.js';
import { Session } from '../../../../src/method/engine/onnx/runtime.js';
import { DetectorSession } from '../../../../src/method/engine/onnx/session.js';
import { decodeImage } from '../../../../src/method/images/image.js';
import { kdadEdge } from '../../../fixtures/command-line.js';
import { relativeError } from '../../../fixtures/numbers.js';
import { noWebGpu, useSoftwareVulkan } from '../../../fixtures/software-vulkan.js';
import { TINY, type TinyBundle, tinyBundle } from '../../../fixtures/tiny-bundle.js';

describe.skipIf(noWebGpu !== undefined)(`a detector on WebGPU ${noWebGpu ? `(skipped: ${noWebGpu})` : ''}`, () => {
  let tiny: TinyBundle;
  beforeAll(async () => {
    tiny = await tinyBundle();
    useSoftwareVulkan();
  });

  const frameOf = (name: string) => decodeImage(join(tiny.data, name), { size: [TINY, TINY] });

  it('judges as on the processor', async () => {
    const detector = join(tiny.bundle, 'detector.onnx');
    const frames = Buffer.concat([await frameOf('test/blot/000.png'), await frameOf('test/good/000.png')]);
    const [processor, webgpu] = await Promise.all(
      ['cpu', 'webgpu'].map(async (device) => {
        const session = await DetectorSession.load(detector, { device });
        expect(session.device).toBe(device);
        const detection = await session.run(frames, 2);
        await session.dispose();
        return detection;
      }),
    );
    expect(relativeError(webgpu.scores, processor.scores)).toBeLessThan(1e-4);
    expect(relativeError(webgpu.maps, processor.maps)).toBeLessThan(1e-3);
  });

  it('leaves nothing to the processor', async () => {
    const session = await Session.open(join(tiny.bundle, 'detector.onnx'), { device: 'webgpu' });
    onTestFinished(() => session.close());
    expect(session.placement).toBeUndefined();
    await session.run({ frames: { shape: [1, TINY, TINY, 3], data: new Uint8Array(TINY * TINY * 3) } });
    expect([...(session.placement ?? [])].map(([provider]) => provider)).toEqual(['WebGpuExecutionProvider']);
  });

  it('passes its self-test in a process of its own', async () => {
    const bundle = await openBundle(tiny.bundle, 'fp32');
    const devices: string[] = [];
    const detector = new LiveDetector(bundle, {
      device: 'webgpu',
      timeout: 240_000,
      entry: new URL('../../../../dist/line/inspection/inference-main.js', import.meta.url),
      onLoss: () => {},
      onDevice: ({ device }) => devices.push(device),
    });
    onTestFinished(() => detector.stop());
    await detector.start();
    expect(devices).toEqual(['webgpu']);
  });

  it('predicts', async () => {
    const image = join(tiny.data, 'test/blot/000.png');
    const score = async (device: string) => {
      const { code, stdout, stderr } = await kdadEdge(
        'predict',
        '--model',
        tiny.bundle,
        '--device',
        device,
        '--precision',
        'fp32',
        '--json',
        image,
      );
      expect(stderr).toBe('');
      expect(code).toBe(0);
      return JSON.parse(stdout).score;
    };
    expect((await score('webgpu')) / (await score('cpu'))).toBeCloseTo(1, 4);
  });
});
