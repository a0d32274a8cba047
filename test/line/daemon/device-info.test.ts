import { Writable } from 'node:stream';
import pino from 'pino';
import { expect, it } from 'vitest';
import { DeviceInfo } from '../../../src/line/daemon/device-info.js';
import { Metrics } from '../../../src/line/observability/metrics.js';

it('tells log and metric of the device in use, and of a fall-back', async () => {
  const lines: Record<string, unknown>[] = [];
  const sink = new Writable({ write: (line, _, done) => done(void lines.push(JSON.parse(String(line)))) });
  const metrics = new Metrics();
  const series = async () => (await metrics.inferenceDevice.get()).values.map(({ labels }) => labels);
  const info = new DeviceInfo({ engine: 'onnx', asked: 'auto', metrics, log: pino(sink) });
  expect(info.device).toBeUndefined();

  const labels = { model: 'washer', engine: 'onnx', asked: 'auto' };
  info.tell('washer', { device: 'cuda', threads: 3 });
  expect(info).toMatchObject({ device: 'cuda', threads: 3 });
  expect(await series()).toEqual([{ ...labels, device: 'cuda', fallback: 'false' }]);

  info.tell('washer', { device: 'cpu', threads: 2, passedOver: 'cuda: no driver' });
  expect(await series()).toEqual([{ ...labels, device: 'cpu', fallback: 'true' }]);
  const levels = pino.levels.values;
  expect(lines.map(({ level, threads, reason }) => [level, threads, reason])).toEqual([
    [levels.info, 3, undefined],
    [levels.warn, 2, 'cuda: no driver'],
  ]);

  info.forget();
  expect(info.threads).toBeUndefined();
  expect(await series()).toEqual([]);
});
