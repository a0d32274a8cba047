import { isIP, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/** Whether a machine can have such a name or address. */
export function isHost(text: string): boolean {
  if (text.startsWith('[')) return text.endsWith(']') && isIPv6(text.slice(1, -1));
  // Of numbers alone it means an address, not a name (https://url.spec.whatwg.org/#concept-ipv4-parser).
  if (/^[\d.]+$/.test(text)) return isIP(text) === 4;
  return text.length <= 253 && /^[^\s/?#@:[\]\\%<>^|]+$/.test(text) && domainToASCII(text) !== '';
}

/**
 * What is wrong with the machine and the port that an address names; undefined when nothing is.
 * @param address with its scheme
 */
export function wrongPlace(address: string): string | undefined {
  const rest = address.replace(/^[a-z]+:\/\//i, '');
  const [authority] = rest.split(/[/?#]/, 1);
  const place = authority.slice(authority.lastIndexOf('@') + 1);
  const problem = problemOf(place);
  // A password may hold what ends the name of a machine elsewhere.
  if (problem === undefined || !rest.includes('@')) return problem;
  const [behind] = rest.slice(rest.lastIndexOf('@') + 1).split(/[/?#]/, 1);
  return problemOf(behind);
}

function problemOf(place: string): string | undefined {
  const [, host, port] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(place) ?? [];
  if (host === undefined || !isHost(host)) return 'expected the name or the address of a machine behind ://';
  if (port === undefined) return undefined;
  return /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535
    ? undefined
    : 'expected a port from 1 to 65535 behind the colon';
}
