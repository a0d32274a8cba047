import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/line/config/load.js';
import { parseAddress } from '../../../src/tools/setup/address.js';
import { type Answers, configurationText } from '../../../src/tools/setup/configuration-text.js';
import { folderWith } from '../../fixtures/folder.js';

/** What the daemon reads from the text. */
async function loaded(changes: Partial<Answers>, secrets: Record<string, string> = {}) {
  const folder = await folderWith(secrets);
  const answers: Answers = {
    model: 'models/parts',
    camera: { name: 'line-1', source: { kind: 'v4l2', device: '/dev/video0' } },
    ...changes,
  };
  const file = join(folder, 'kdad-edge.yaml');
  await writeFile(file, configurationText(answers));
  return { folder, config: await loadConfig(file) };
}

describe('a new configuration loads,', () => {
  it('with a camera alone', async () => {
    const { folder, config } = await loaded({});
    expect(config).toMatchObject({ model: join(folder, 'models/parts'), mqtt: undefined });
    expect(config.cameras).toMatchObject([{ name: 'line-1', source: { kind: 'v4l2', device: '/dev/video0' } }]);
  });

  it('with the passwords of camera and broker in files of their own', async () => {
    const { source, password } = await parseAddress('rtsp://inspector:s3cret@camera.local/stream');
    const broker = { url: 'mqtts://broker.local', username: 'box', passwordFile: 'mqtt-password' };
    const secrets = { 'camera-password': `${password}\n`, 'mqtt-password': 'other\n' };
    const camera = { name: 'line-1', source };
    const { config } = await loaded({ camera, cameraPasswordFile: 'camera-password', broker }, secrets);
    expect(config.cameras[0].source).toMatchObject({ url: 'rtsp://inspector:s3cret@camera.local/stream' });
    expect(config.mqtt).toMatchObject({ url: 'mqtts://broker.local', username: 'box', password: 'other' });
  });

  it('whatever signs a path holds', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a name that looks like the configuration's own references.
    for (const path of ['/a "b"', '/a: b # c', '/${HOME}', '/ü\\n', "/it's"]) {
      const { config } = await loaded({ model: path, camera: { name: 'line-1', source: { kind: 'file', path } } });
      expect(config).toMatchObject({ model: path, cameras: [{ source: { path } }] });
    }
  });

  it('and never holds a password itself', async () => {
    const { source, password } = await parseAddress('http://u:s3:c/r@et@camera.local:81/video');
    expect(password).toBe('s3:c/r@et');
    const text = configurationText({
      model: 'm',
      camera: { name: 'a', source },
      cameraPasswordFile: 'camera-password',
    });
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own reference.
    expect(text).toContain('http://u:${file:camera-password}@camera.local:81/video');
    expect(text).not.toContain('s3');
  });
});
