import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it, onTestFinished } from 'vitest';
import { aedesBroker } from '../../fixtures/brokers.js';
import { startDaemon, until } from '../../fixtures/daemon.js';
import { folderWith } from '../../fixtures/folder.js';
import { PICTURE, picture } from '../../fixtures/product.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

it('a daemon tells when the light is out or the lens out of focus, in verdicts and metrics', async () => {
  const { bundle } = await tinyBundle();
  const folder = await folderWith();
  const image = () => sharp(picture(2000).pixels, { raw: { width: PICTURE, height: PICTURE, channels: 3 } });
  await image().toFile(join(folder, '0-good.png'));
  await image().linear(0.2, 0).toFile(join(folder, '1-dark.png'));
  await image().blur(5).toFile(join(folder, '2-blurred.png'));
  const broker = await aedesBroker();
  await broker.start();
  onTestFinished(() => broker.stop());
  const yaml = `
model: ${bundle}
cameras: [{ name: line, source: { kind: folder, path: ${folder}, loop: true } }]
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: look, version: 3.1.1, verdicts: true }
http: { port: 0 }
`;
  const daemon = await startDaemon('look', yaml, { folder: await folderWith(), brokerPort: broker.port });
  /** By picture, as the frames count them. */
  const scenes = (): Record<number, string | undefined> =>
    Object.fromEntries(
      daemon.on('cameras/line/verdict').map(({ payload }) => {
        const { sequence, scene } = JSON.parse(payload.toString());
        return [sequence % 3, scene];
      }),
    );
  await until(() => Object.keys(scenes()).length === 3, daemon.log);
  expect(scenes()).toEqual({ 0: undefined, 1: 'dark', 2: 'blurred' });
  const metrics = await daemon.metrics();
  const counted = (scene: string) => metrics.get(`kdad_other_scenes_total{camera="line",scene="${scene}"}`);
  expect(counted('dark')).toBeGreaterThan(0);
  expect(counted('blurred')).toBeGreaterThan(0);
  expect([counted('bright'), counted('other')]).toEqual([0, 0]);
  await daemon.close();
});
