import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { authorisation } from '../../../src/camera/rtsp/authorisation.js';

const login = { user: 'Mufasa', password: 'CircleOfLife' };
const request = { method: 'GET', uri: '/dir/index.html' };

describe('what lets a request in', () => {
  it('is the login itself, where the server asks for Basic', () => {
    expect(authorisation('Basic realm="camera"', { user: 'Aladdin', password: 'open sesame' }, request)).toBe(
      'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
    );
  });

  it('is a digest: the example of RFC 2069, with its erratum', () => {
    const challenge =
      'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
    const granted = authorisation(challenge, login, request);
    expect(granted).toContain('response="1949323746fe6a43ef61f9606e7febea"');
    expect(granted).toMatch(
      /^Digest username="Mufasa", .*uri="\/dir\/index.html".*opaque="5ccc069c403ebaf9f0171e9517f40e41"$/,
    );
    expect(granted).not.toContain('CircleOfLife');
  });

  it('holds numbers of ours where the server wants such, and is hashed as it says', () => {
    const challenge = 'Digest realm="a, b", nonce="n", qop="auth-int,auth", algorithm=SHA-256';
    const granted = authorisation(challenge, login, request) as string;
    const own = /cnonce="(\w+)"/.exec(granted)?.[1];
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const secret = hash('Mufasa:a, b:CircleOfLife');
    const response = hash(`${secret}:n:00000001:${own}:auth:${hash('GET:/dir/index.html')}`);
    expect(granted).toContain(`response="${response}", qop=auth, nc=00000001`);
  });

  it('is nothing that we know for other schemes', () => {
    expect(authorisation('Negotiate', login, request)).toBeUndefined();
    expect(authorisation('Digest realm="r", nonce="n", algorithm=MD5-sess', login, request)).toBeUndefined();
  });
});
