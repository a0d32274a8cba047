import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openBundle } from '../../../src/method/bundle/read.js';
import { kdadEdge } from '../../fixtures/command-line.js';
import { folderWith } from '../../fixtures/folder.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

let tiny: Awaited<ReturnType<typeof tinyBundle>>;
beforeAll(async () => {
  tiny = await tinyBundle();
});

/** What `config check` prints on a configuration with this text, without the folder. */
async function check(yaml: string, files: Readonly<Record<string, string>> = {}) {
  const folder = await folderWith({ ...files, 'kdad-edge.yaml': yaml });
  const { code, stdout, stderr } = await kdadEdge('config', 'check', '--config', join(folder, 'kdad-edge.yaml'));
  return { code, lines: `${stdout}${stderr}`.replaceAll(`${folder}/`, '').trimEnd().split('\n') };
}

describe('kdad-edge config check', () => {
  it('says in a line that all is well', async () => {
    const camera = 'cameras: [{ name: a, source: { kind: folder, path: . } }]';
    expect(
      await check(`model: ${tiny.bundle}\n${camera}\nmqtt: { url: "mqtts://127.0.0.1", ca: ca.pem }`, { 'ca.pem': '' }),
    ).toEqual({
      code: 0,
      lines: ['kdad-edge.yaml is valid: 1 camera, alerts to mqtts://127.0.0.1'],
    });
  });

  it('says what the held-out images can support where a rate of false alarms is asked for', async () => {
    const { threshold, calibration } = await openBundle(tiny.bundle);
    const images = calibration.scores.length;
    const line = (camera: string, rate: string) =>
      `model: ${tiny.bundle}\ncameras: [{ name: ${camera}, source: { kind: folder, path: . } }]\nthreshold: { falseAlarms: ${rate} }`;
    const least = (100 / (images + 1)).toFixed(1);
    expect((await check(line('a', '0.1%'))).lines).toEqual([
      'kdad-edge.yaml is valid: 1 camera, no broker',
      `  camera a: anomalous from a score of ${threshold.toPrecision(4)} on, for 0.1 % of false alarms; with ${images} held-out images no rule can promise less than ${least} % of false alarms`,
    ]);
    expect((await check(line('b', '40%'))).lines[1]).toMatch(
      new RegExp(
        `camera b: anomalous from .* on, for 40 % of false alarms; ${images} held-out images can support that`,
      ),
    );
  });

  it('tells all mistakes at once, with their places', async () => {
    const { code, lines } = await check(
      'model: a\ncameras: [{ name: a, source: { kind: folder, path: 1 } }]\nfps: 3\n',
    );
    expect(code).toBe(2);
    expect(lines).toEqual([
      'kdad-edge: kdad-edge.yaml:2:52: cameras.1.source.path: found 1; expected a text',
      'kdad-edge.yaml:3:1: fps: unknown key',
      expect.stringMatching(/\[CONFIG_INVALID\]$/),
    ]);
  });

  it('tells of every file that is not there or not what it should be', async () => {
    const yaml = `model: models/none
ffmpeg: ./ffmpeg
stateDir: ca.pem/state
cameras:
  - { name: a, source: { kind: file, path: a.mp4 } }
  - { name: b, source: { kind: folder, path: ca.pem } }
  - { name: c, source: { kind: v4l2, device: /dev/none } }
  - { name: d, source: { kind: rtsp, url: "rtsp://camera/1" } }
mqtt: { passwordFile: password, ca: ca.pem, cert: cert.pem, key: ., url: "mqtts://127.0.0.1" }
`;
    const { code, lines } = await check(yaml, { 'ca.pem': '' });
    expect(code).toBe(2);
    expect(lines.slice(0, -1)).toEqual([
      'kdad-edge: kdad-edge.yaml:1:8: model: models/none: no bundle here (no manifest.json)',
      'kdad-edge.yaml:2:9: ffmpeg: ffmpeg: not there; expected one that exists',
      'kdad-edge.yaml:3:11: stateDir: ca.pem/state: a file; expected a folder',
      'kdad-edge.yaml:5:44: cameras.1.source.path: a.mp4: not there; expected one that exists',
      'kdad-edge.yaml:6:46: cameras.2.source.path: ca.pem: a file; expected a folder',
      'kdad-edge.yaml:7:46: cameras.3.source.device: /dev/none: not there; expected one that exists',
      'kdad-edge.yaml:9:51: mqtt.cert: cert.pem: not there; expected one that exists',
      expect.stringMatching(/^kdad-edge\.yaml:9:66: mqtt\.key: .*: a folder; expected a file$/),
      'kdad-edge.yaml:9:23: mqtt.passwordFile: cannot read password: ENOENT',
    ]);
  });
});

describe('kdad-edge config schema', () => {
  it('prints JSON', async () => {
    const { code, stdout } = await kdadEdge('config', 'schema');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'object', required: ['model', 'cameras'] });
  });
});
