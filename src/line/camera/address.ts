import type { Login } from './authentication.js';

/** A network camera's address, taken apart. */
export interface CameraAddress {
  /** In small letters, without colon. */
  readonly scheme: string;
  /** A name or number; of IPv6 without brackets. */
  readonly host: string;
  /** Undefined where the address leaves it to the scheme. */
  readonly port: number | undefined;
  /** Path and query as they are written, without what follows `#`; empty, or with `/` or `?` in front. */
  readonly target: string;
  readonly login: Login | undefined;
  /** The same address without login, ... */
  readonly bare: string;
  /** ... and with the login in such a form that every program reads it alike. */
  readonly whole: string;
}

const HOST = String.raw`(\[[0-9a-f:.%]+\]|[^\s:@/?#[\]]+)`;
const place = new RegExp(`^${HOST}(?::(\\d{1,5}))?([/?#].*)?$`, 'is');
const number = /^(\d{1,3}(\.\d{1,3}){3}|\[)/;

/**
 * Reads an address as people write it: with `#`, `/`, `?`, `@` or `%` in a password that should be percent-encoded,
 * too, as long as it is plain where the password ends.
 *
 * @returns undefined for what is no address
 */
export function readAddress(url: string): CameraAddress | undefined {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*):\/\/(.+)$/is.exec(url) ?? [];
  if (rest === undefined) return undefined;
  const at = endOfLogin(rest);
  if (at === undefined) return undefined;
  const [, host, port, tail = ''] = place.exec(rest.slice(at === -1 ? 0 : at + 1)) as RegExpExecArray;
  if (Number(port ?? 0) > 65535) return undefined;
  const [, name, password = ''] = /^([^:]*):?(.*)$/s.exec(rest.slice(0, Math.max(0, at))) as RegExpExecArray;
  const login = name === '' && password === '' ? undefined : { user: decode(name), password: decode(password) };
  const target = tail.replace(/#.*$/s, '');
  const server = port === undefined ? host : `${host}:${port}`;
  const written = login && `${encode(login.user)}:${encode(login.password)}@`;
  return {
    scheme: scheme.toLowerCase(),
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: port === undefined ? undefined : Number(port),
    target,
    login,
    bare: `${scheme}://${server}${target}`,
    whole: `${scheme}://${written ?? ''}${server}${target}`,
  };
}

/** @returns index of the `@` behind the login; -1 where there is no login, undefined where no host can be made out */
function endOfLogin(rest: string): number | undefined {
  const authority = rest.search(/[/?#]|$/);
  const plain = rest.lastIndexOf('@', authority);
  const found = place.exec(rest.slice(plain + 1));
  const later = [...rest.matchAll(/@/g)]
    .map(({ index }) => index)
    .filter((index) => index > authority && place.test(rest.slice(index + 1)));
  // `admin:12/34@10.0.0.5`: what looks like a host with a port is no such thing where a host's number follows.
  const hidden = later.findLast((index) => number.test(rest.slice(index + 1)));
  const sure = found && (/[.[]/.test(found[1]) || hidden === undefined || !rest.slice(0, authority).includes(':'));
  return sure ? plain : (hidden ?? later.at(-1));
}

/** A `%` that begins no code stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}
