import { describe, expect, it } from 'vitest';
import { changesBetween, takesReconnection } from '../../../src/line/config/changes.js';
import { type Config, configSchema } from '../../../src/line/config/schema.js';

const camera = (more: object = {}) => ({ name: 'a', source: { kind: 'rtsp', url: 'rtsp://camera/1' }, ...more });
const config = (more: object = {}) =>
  configSchema.parse({ model: 'm', stateDir: 's', cameras: [camera()], ...more }) as Config;

describe('between two configurations', () => {
  it('a camera does not begin to wait for commands that are obeyed only after a restart', () => {
    const [before, after] = [config(), config({ cameras: [camera({ trigger: 'command' })], mqtt: { commands: true } })];
    const message =
      /^cameras\[0\]\.trigger: command needs mqtt\.commands, which takes effect when the daemon starts again/;
    expect(() => changesBetween(before, after)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
    const obeying = config({ mqtt: { commands: true } });
    expect(changesBetween(obeying, after).config.cameras[0].trigger).toBe('command');
  });

  it('nothing changes when they are the same', () => {
    const { applied, postponed } = changesBetween(config({ mqtt: {} }), config({ mqtt: {} }));
    expect({ applied, postponed }).toEqual({ applied: [], postponed: [] });
  });

  it('some keys take effect at once, others wait for a restart', () => {
    const before = config({ mqtt: { verdicts: false } });
    const after = config({
      model: 'other',
      alert: { open: { k: 2 }, cooldown: '1s' },
      evidence: { maxSize: 5, keep: false },
      mqtt: { verdicts: true, url: 'mqtt://other' },
      logLevel: 'debug',
    });
    const { config: inForce, applied, postponed } = changesBetween(before, after);
    expect(applied).toEqual(['alert.open.k', 'alert.cooldown', 'evidence.maxSize', 'mqtt.verdicts', 'logLevel']);
    expect(postponed).toEqual(['model', 'evidence.keep', 'mqtt.url']);
    expect(inForce).toMatchObject({
      model: 'm',
      alert: { open: { k: 2, n: 5 }, cooldown: 1000 },
      evidence: { maxSize: 5, keep: true },
      mqtt: { verdicts: true, url: 'mqtt://127.0.0.1:1883' },
      logLevel: 'debug',
    });
  });

  it('what waits goes on waiting until it is taken back', () => {
    const { config: inForce } = changesBetween(config(), config({ http: { port: 1 } }));
    expect(changesBetween(inForce, config({ http: { port: 1 } })).postponed).toEqual(['http.port']);
    expect(changesBetween(inForce, config()).postponed).toEqual([]);
  });

  it('a section that comes or goes counts as one key', () => {
    expect(changesBetween(config(), config({ mqtt: {} })).postponed).toEqual(['mqtt']);
    expect(changesBetween(config({ mqtt: {} }), config()).postponed).toEqual(['mqtt']);
  });

  it('the list of cameras is taken as it is', () => {
    const { config: inForce, applied } = changesBetween(config(), config({ cameras: [camera({ name: 'b' })] }));
    expect(applied).toEqual(['cameras']);
    expect(inForce.cameras.map(({ name }) => name)).toEqual(['b']);
  });
});

describe('a camera', () => {
  const one = (more?: object) => config({ cameras: [camera(more)] }).cameras[0];

  it.each([
    ['threshold', { threshold: { factor: 2 } }],
    [
      'ignore',
      {
        ignore: [
          [
            [0, 0],
            [1, 0],
            [0, 1],
          ],
        ],
      },
    ],
  ])('stays connected when its %s changes', (_, more) => expect(takesReconnection(one(), one(more))).toBe(false));

  it.each([
    ['address', { source: { kind: 'rtsp', url: 'rtsp://camera/2' } }],
    ['kind', { source: { kind: 'mjpeg', url: 'http://camera/1' } }],
    ['crop', { crop: { width: 0.5 } }],
    ['fps', { fps: 5 }],
    ['trigger', { trigger: { every: '10s' } }],
  ])('is connected anew when its %s changes', (_, more) => expect(takesReconnection(one(), one(more))).toBe(true));
});
