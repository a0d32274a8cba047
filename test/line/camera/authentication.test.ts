import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Authentication, type Login, readChallenges } from '../../../src/line/camera/authentication.js';

const mufasa = { user: 'Mufasa', password: 'CircleOfLife' };
const index = { method: 'GET', uri: '/dir/index.html' };

/** Asks a server that takes what `takes` does. @returns whether it let us in, and all that was sent */
async function enter(challenges: readonly string[], takes: (sent: string) => boolean, login: Login = mufasa) {
  const sent: (string | undefined)[] = [];
  const send = async (value: string | undefined) => {
    sent.push(value);
    return value !== undefined && takes(value);
  };
  const entered = await new Authentication(login).request(index, send, (ok) => (ok ? undefined : challenges));
  return { entered, sent };
}

/** What a server checks of a digest (RFC 7616, 3.4.1). */
function isRight(algorithm: 'md5' | 'sha256', sent: string, { session = false, login = mufasa } = {}): boolean {
  const hash = (...parts: string[]) => createHash(algorithm).update(parts.join(':')).digest('hex');
  const value = (name: string) => {
    const [, quoted, bare] = new RegExp(`\\b${name}=(?:"([^"]*)"|([^",]*))`).exec(sent) ?? [];
    return quoted ?? bare ?? '';
  };
  const first = hash(login.user, value('realm'), login.password);
  const secret = session ? hash(first, value('nonce'), value('cnonce')) : first;
  const request = value('qop') === 'auth-int' ? hash('GET', value('uri'), hash('')) : hash('GET', value('uri'));
  const numbers = value('qop') ? [value('nc'), value('cnonce'), value('qop')] : [];
  return value('response') === hash(secret, value('nonce'), ...numbers, request);
}

describe('what lets a request in', () => {
  it('is the login itself, where the server asks for Basic', async () => {
    const login = { user: 'Aladdin', password: 'open sesame' };
    const { sent } = await enter(['Basic realm="camera"'], () => true, login);
    expect(sent).toEqual([undefined, 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==']);
  });

  it('is a digest: the example of RFC 2069, with its erratum', async () => {
    const challenge =
      'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
    const [, granted] = (await enter([challenge], () => true)).sent;
    expect(granted).toContain('response="1949323746fe6a43ef61f9606e7febea"');
    expect(granted).toMatch(
      /^Digest username="Mufasa", .*uri="\/dir\/index.html".*opaque="5ccc069c403ebaf9f0171e9517f40e41"$/,
    );
    expect(granted).not.toContain('CircleOfLife');
  });

  it.each([
    ['MD5 without a name', 'md5', 'qop="auth"', false],
    ['SHA-256', 'sha256', 'qop="auth-int,auth", algorithm=SHA-256', false],
    ['auth-int alone', 'md5', 'qop="auth-int"', false],
    ['MD5-sess', 'md5', 'qop="auth", algorithm=MD5-sess', true],
    ['MD5-sess without qop', 'md5', 'algorithm="MD5-sess"', true],
    ['names in other letters and blanks', 'sha256', 'QOP = "auth" ,Algorithm = "sha-256"', false],
  ] as const)('is hashed as the server says: %s', async (_, algorithm, parameters, session) => {
    const challenge = `Digest realm="a, b",nonce="n",${parameters}`;
    expect(await enter([challenge], (sent) => isRight(algorithm, sent, { session }))).toMatchObject({ entered: true });
  });

  it('is the strongest of several that are offered, and the next where that is refused', async () => {
    const offers = ['Basic realm="a"', 'Digest realm="a", nonce="1"', 'Digest realm="a", nonce="2", algorithm=SHA-256'];
    const all = await enter(offers, (sent) => sent.startsWith('Basic'));
    expect(all.entered).toBe(true);
    expect(
      all.sent.map((value) => /algorithm|Digest|Basic/.exec(value?.replace(/^Digest.*(?=algorithm)/, '') ?? '')?.[0]),
    ).toEqual([undefined, 'algorithm', 'Digest', 'Basic']);
    // Both in one line.
    const joined = await enter(['Digest realm="a", nonce="1", Basic realm="b"'], (sent) => sent.startsWith('Basic'));
    expect(joined).toMatchObject({ entered: true });
  });

  it('is counted with each request that has the same nonce', async () => {
    const authentication = new Authentication(mufasa);
    const sent: string[] = [];
    const ask = () =>
      authentication.request(
        index,
        async (value = '') => sent.push(value),
        (length) => (length === 1 ? ['Digest realm="r", nonce="n", qop="auth"'] : undefined),
      );
    await ask();
    await ask();
    expect(sent.slice(1).map((value) => /nc=(\w+)/.exec(value)?.[1])).toEqual(['00000001', '00000002']);
  });

  it('is renewed when the server says that the nonce is stale', async () => {
    let nonce = 0;
    const authentication = new Authentication(mufasa);
    const send = async (value = '') => value.includes('nonce="3"');
    const challenges = (ok: boolean) => (ok ? undefined : [`Digest realm="r", nonce="${++nonce}", stale=true`]);
    expect(await authentication.request(index, send, challenges)).toBe(true);
  });

  it('is not asked for without end', async () => {
    const wrong = await enter(['Digest realm="r", nonce="n"'], () => false);
    expect(wrong.sent).toHaveLength(2);
    const stale = await enter(['Digest realm="r", nonce="n", stale=true'], () => false);
    expect(stale.sent).toHaveLength(6);
    for (const unknown of ['Negotiate', 'Digest realm="r", nonce="n", algorithm=MD6', 'Bearer', ''])
      expect((await enter([unknown], () => false)).sent).toEqual([undefined]);
  });

  it('quotes what a server hides in its challenge', async () => {
    const [, granted] = (await enter([String.raw`Digest realm="a\"b", nonce="n"`], () => true)).sent;
    expect(granted).toContain(String.raw`realm="a\"b"`);
  });
});

it('any challenge can be read', () => {
  fc.assert(fc.property(fc.array(fc.string(), { maxLength: 3 }), (values) => readChallenges(values).length >= 0));
  expect(readChallenges(['Digest realm="a", nonce=b , stale=TRUE', 'Basic'])).toEqual([
    { scheme: 'digest', parameters: new Map(Object.entries({ realm: 'a', nonce: 'b', stale: 'TRUE' })) },
    { scheme: 'basic', parameters: new Map() },
  ]);
});
