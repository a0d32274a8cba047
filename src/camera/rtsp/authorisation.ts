import { createHash, randomBytes } from 'node:crypto';

export interface Login {
  readonly user: string;
  readonly password: string;
}

const algorithms = { MD5: 'md5', 'SHA-256': 'sha256' } as const;

/**
 * What a request has to say so that a server lets it in: Basic or Digest (RFC 7617, RFC 7616), as the server's challenge asks.
 *
 * @param challenge value of its `WWW-Authenticate` header
 * @returns value of the `Authorization` header; undefined for schemes and algorithms that are none of these
 */
export function authorisation(
  challenge: string,
  { user, password }: Login,
  { method, uri }: { readonly method: string; readonly uri: string },
): string | undefined {
  const scheme = challenge.split(' ', 1)[0].toLowerCase();
  if (scheme === 'basic') return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  if (scheme !== 'digest') return undefined;
  const value = (name: string) => {
    const [, quoted, bare] = new RegExp(`\\b${name}=(?:"([^"]*)"|([^", ]*))`, 'i').exec(challenge) ?? [];
    return quoted ?? bare;
  };
  const algorithm = value('algorithm') ?? 'MD5';
  const name = algorithms[algorithm.toUpperCase() as keyof typeof algorithms];
  if (!name) return undefined;
  const hash = (...parts: string[]) => createHash(name).update(parts.join(':')).digest('hex');
  const [realm, nonce, opaque] = [value('realm') ?? '', value('nonce') ?? '', value('opaque')];
  const [secret, request] = [hash(user, realm, password), hash(method, uri)];
  const fields = [`username="${user}"`, `realm="${realm}"`, `nonce="${nonce}"`, `uri="${uri}"`];
  if (value('qop')?.split(/, ?/).includes('auth')) {
    const [count, own] = ['00000001', randomBytes(8).toString('hex')];
    const response = hash(secret, nonce, count, own, 'auth', request);
    fields.push(`response="${response}"`, 'qop=auth', `nc=${count}`, `cnonce="${own}"`);
  } else {
    fields.push(`response="${hash(secret, nonce, request)}"`);
  }
  fields.push(`algorithm=${algorithm}`);
  if (opaque !== undefined) fields.push(`opaque="${opaque}"`);
  return `Digest ${fields.join(', ')}`;
}
