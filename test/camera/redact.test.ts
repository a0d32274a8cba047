import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactText, redactUrl } from '../../src/camera/redact.js';

describe('an address in a log', () => {
  it.each([
    ['rtsp://10.0.0.5/stream1', 'rtsp://10.0.0.5/stream1'],
    ['rtsp://10.0.0.5:8554/a@b', 'rtsp://***@b'],
    ['rtsp://[fe80::1]:554/a', 'rtsp://[fe80::1]:554/a'],
    ['rtsp://admin:secret@10.0.0.5/stream1', 'rtsp://***@10.0.0.5/stream1'],
    ['rtsp://admin@10.0.0.5', 'rtsp://***@10.0.0.5'],
    ['rtsp://admin:se/cr@et@10.0.0.5:554/a', 'rtsp://***@10.0.0.5:554/a'],
    ['rtsp://admin:12/34@10.0.0.5:554/a', 'rtsp://***@10.0.0.5:554/a'],
    ['rtsp://admin:se?cr#et@10.0.0.5:554/a', 'rtsp://***'],
    ['https://10.0.0.5/video.cgi?user=a&token=secret', 'https://10.0.0.5/video.cgi?***'],
    ['https://10.0.0.5/video.cgi?user=a@b&token=secret', 'https://***'],
    ['http://admin:secret@[fe80::1]/video?x=1#y', 'http://***@[fe80::1]/video?***'],
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
    expect(redactText(text)).toBe("Impossible to open 'rtsp://***@camera/stream?***' nor http://***@c/d");
  });
});
