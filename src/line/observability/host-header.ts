import { isIP } from 'node:net';

/**
 * Whether a request was meant for this machine, by its `Host` header: an address, localhost, or the configured host. A
 * page of another site can have its own name point to this machine (DNS rebinding), so that browsers let it read the
 * answers; but then its name is in the header.
 *
 * @param header undefined where there is none: no browser leaves it out
 * @param configured host that the server listens on
 */
export function isForUs(header: string | undefined, configured: string): boolean {
  if (header === undefined) return true;
  const host = header
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
  return isIP(host) !== 0 || host === 'localhost' || host === configured.toLowerCase();
}
