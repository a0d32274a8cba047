import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactorFor, redactText, redactUrl } from '../../../src/line/camera/redact.js';

describe('an address in a log', () => {
  it.each([
    ['rtsp://10.0.0.5/stream1', 'rtsp://10.0.0.5/***'],
    ['rtsp://10.0.0.5:8554/a@b', 'rtsp://***'],
    ['rtsp://[fe80::1]:554/a', 'rtsp://[fe80::1]:554/***'],
    ['rtsp://10.0.0.5/', 'rtsp://10.0.0.5/'],
    ['rtsp://admin:secret@10.0.0.5/stream1', 'rtsp://***@10.0.0.5/***'],
    ['rtsp://admin:se@cret@10.0.0.5/stream1', 'rtsp://***@10.0.0.5/***'],
    ['rtsp://admin@10.0.0.5', 'rtsp://***@10.0.0.5'],
    ['rtsp://admin:se/cr@et@10.0.0.5:554/a', 'rtsp://***'],
    ['rtsp://admin:se?cr#et@10.0.0.5:554/a', 'rtsp://***'],
    ['https://10.0.0.5/video.cgi?user=a&token=secret', 'https://10.0.0.5/***'],
    ['https://10.0.0.5?token=secret', 'https://10.0.0.5/***'],
    ['https://10.0.0.5/video.cgi?user=a@b&token=secret', 'https://***'],
    ['http://admin:secret@[fe80::1]/video?x=1#y', 'http://***@[fe80::1]/***'],
    ['/dev/video0', '/dev/video0'],
  ])('%s becomes %s', (url, redacted) => {
    expect(redactUrl(url)).toBe(redacted);
  });

  it('never shows the password', () => {
    const password = fc.stringMatching(/^[!-~]{1,20}$/).map((text) => `<<${text}>>`);
    fc.assert(
      fc.property(password, (text) => {
        expect(redactUrl(`rtsp://admin:${text}@camera/stream`)).not.toContain('<<');
      }),
    );
  });

  it('is redacted inside a text too', () => {
    const text = "Impossible to open 'rtsp://admin:it%27s@camera/stream?tcp' nor http://a:b@c/d";
    expect(redactText(text)).toBe("Impossible to open 'rtsp://***@camera/***' nor http://***@c/***");
  });
});

describe("what a camera's errors may say", () => {
  const redact = (url: string) => redactorFor({ kind: 'rtsp', url });

  it.each([
    [
      'a password that is repeated',
      'rtsp://admin:hunter2@cam/s',
      'no such password hunter2 for admin',
      /^no such password \*\*\* for \*\*\*$/,
    ],
    ['one that is encoded', 'rtsp://a:p%23ss@cam/s', 'wrong: p#ss, p%23ss', /^wrong: \*\*\*, \*\*\*$/],
    ['one that is not', 'rtsp://admin:p#s/s?@cam/s', 'wrong: p#s/s?, p%23s%2Fs%3F', /^wrong: \*\*\*, \*\*\*$/],
    ['a login for Basic', 'rtsp://admin:hunter2@cam/s', `Basic ${btoa('admin:hunter2')}`, /^Basic \*\*\*$/],
    ['a short one', 'rtsp://a:7@cam/s', 'password 7 is wrong, error 17', /^password \*\*\* is wrong, error 17$/],
    [
      'a token in the query',
      'http://cam/v?channel=1&token=abc',
      'token=abc is no token 1',
      /^token=\*\*\* is no token 1$/,
    ],
    ['a whole query', 'http://cam/v?k9a8', 'GET /v?k9a8: 404', /^GET \*\*\*: 404$/],
    [
      'a token in the path',
      'http://cam/live/3f9a8b7c/ch0',
      'nothing at 3f9a8b7c, /live/3f9a8b7c/ch0',
      /^nothing at \*\*\*, \*\*\*$/,
    ],
    ['a login in the path', 'rtsp://cam/user=admin&password=xyz&channel=1.sdp', 'xyz? no', /^\*\*\*\? no$/],
    [
      'an address somewhere else',
      'rtsp://cam/s',
      'moved to http://other/secret?x',
      /^moved to http:\/\/other\/\*\*\*$/,
    ],
    ['nothing of note', 'rtsp://cam/video', 'ffmpeg sent no video for 10 s', /^ffmpeg sent no video for 10 s$/],
  ])('hides %s', (_, url, text, expected) => {
    expect(redact(url)(text)).toMatch(expected);
  });

  it('never is a password, a token or a control character', () => {
    const word = fc.stringMatching(/^[a-z0-9#?%&+@]{6,10}$/);
    const said = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(word, word, said, (password, token, noise) => {
        const url = `rtsp://admin:${encodeURIComponent(password)}@10.0.0.5/s?token=${encodeURIComponent(token)}`;
        const shown = redact(url)(
          `${password},${encodeURIComponent(token)}${noise}${encodeURIComponent(password)} ${token}`,
        );
        for (const secret of [password, token]) expect(shown).not.toContain(secret);
        expect(shown).not.toMatch(/[^\P{Cc}\n]/u);
      }),
    );
  });

  it('has bounds', () => {
    const said = redactorFor({ kind: 'v4l2', device: '/dev/video0' })('x'.repeat(1e4) + '\ny'.repeat(1e4));
    expect(said.length).toBeLessThan(1000);
    expect(said.split('\n')).toHaveLength(102);
    expect(redact('rtsp://cam/')('x'.repeat(1e7)).length).toBeLessThan(1000);
  });
});
