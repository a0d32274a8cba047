import { createHash, timingSafeEqual } from 'node:crypto';

/** What a bearer token may be made of (RFC 6750, section 2.1). */
export const bearerToken = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * The `WWW-Authenticate` header for a request without the token, undefined for one that has it (RFC 6750, section 3).
 */
export function challenge(authorization: string | undefined, token: string): string | undefined {
  const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  if (given === undefined) return 'Bearer realm="kdad-edge"';
  // The time that it takes says nothing about the token, nor about its length.
  if (timingSafeEqual(sha256(given), sha256(token))) return undefined;
  return 'Bearer realm="kdad-edge", error="invalid_token"';
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
