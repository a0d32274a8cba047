import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAddress } from '../../../src/line/camera/address.js';

describe("a camera's address", () => {
  it.each([
    ['rtsp://10.0.0.5/s', '10.0.0.5', undefined, '/s', undefined],
    ['RTSP://cam:8554/s?a=1#b', 'cam', 8554, '/s?a=1', undefined],
    ['rtsp://[fe80::1]:554', 'fe80::1', 554, '', undefined],
    ['rtsp://admin@cam/', 'cam', undefined, '/', ['admin', '']],
    ['rtsp://admin:secret@cam/a@b', 'cam', undefined, '/a@b', ['admin', 'secret']],
    ['rtsp://10.0.0.5:8554/a@b', '10.0.0.5', 8554, '/a@b', undefined],
    ['http://cam/v?mail=a@b.org', 'cam', undefined, '/v?mail=a@b.org', undefined],
    ['http://cam?user=a', 'cam', undefined, '?user=a', undefined],
    ['rtsp://admin:p%23s%25@cam/s', 'cam', undefined, '/s', ['admin', 'p#s%']],
    // As people write them.
    ['rtsp://admin:p@ss@cam/s', 'cam', undefined, '/s', ['admin', 'p@ss']],
    ['rtsp://admin:100%@cam/s', 'cam', undefined, '/s', ['admin', '100%']],
    ['rtsp://admin:p#ss@cam/s', 'cam', undefined, '/s', ['admin', 'p#ss']],
    ['rtsp://admin:p/s?s@10.0.0.5:554/s', '10.0.0.5', 554, '/s', ['admin', 'p/s?s']],
    ['rtsp://admin:#@cam/s', 'cam', undefined, '/s', ['admin', '#']],
    ['rtsp://admin:12/34@10.0.0.5/s', '10.0.0.5', undefined, '/s', ['admin', '12/34']],
    ['rtsp://admin:a@b#c@10.0.0.5/s', '10.0.0.5', undefined, '/s', ['admin', 'a@b#c']],
    ['rtsp://a:b:c@cam', 'cam', undefined, '', ['a', 'b:c']],
  ])('is made out: %s', (url, host, port, target, login) => {
    const read = readAddress(url);
    expect(read).toMatchObject({ host, port, target });
    expect(read?.login && [read.login.user, read.login.password]).toEqual(login);
    // In the form for other programs it reads the same.
    const again = readAddress(read?.whole ?? '');
    expect(again).toEqual(read);
  });

  it.each([
    '',
    'rtsp://',
    'rtsp:///s',
    'rtsp://[',
    'rtsp://cam:99999/',
    'rtsp://cam:port/',
    '/dev/video0',
    'rtsp://a b/',
  ])('is none: %j', (url) => {
    expect(readAddress(url)).toBeUndefined();
  });

  it('keeps any login whose password is encoded, and any at a host that is a number', () => {
    const word = fc.string({ minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(word, word, (user, password) => {
        const url = `rtsp://${encodeURIComponent(user)}:${encodeURIComponent(password)}@cam:554/s`;
        expect(readAddress(url)).toMatchObject({ host: 'cam', login: { user, password } });
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zA-Z0-9#/?@:]{1,10}$/), (password) => {
        const read = readAddress(`rtsp://admin:${password}@10.0.0.5:554/s`);
        expect(read).toMatchObject({ host: '10.0.0.5', port: 554, login: { user: 'admin', password } });
      }),
    );
  });
});
