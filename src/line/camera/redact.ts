import { readAddress } from './address.js';
import type { CameraSource } from './settings.js';

/**
 * Characters and lines that an error of a camera has at most: it reaches the log, the status and a retained message.
 */
const LONGEST_LINE = 1000;
const LONGEST_SUMMARY = 400;
const MOST_LINES = 102;
/** Shorter ones are hidden only where they stand alone: they are parts of many words. */
const SHORT = 4;
/** So long, a part of a path may be a token. */
const TOKEN = 8;

/**
 * An address as logs may show it: scheme, host and port. Cameras take passwords and tokens in the login, the path and
 * the query. Where a password holds an unescaped `/`, `?` or `#`, more is hidden rather than less.
 */
export function redactUrl(url: string): string {
  const [, scheme, authority, rest] = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)(.*)$/is.exec(url) ?? [];
  if (scheme === undefined) return url;
  if (rest.includes('@')) return `${scheme}***`;
  const user = authority.lastIndexOf('@') + 1;
  return `${scheme}${user > 0 ? '***@' : ''}${authority.slice(user)}${rest.length > 1 ? '/***' : rest}`;
}

/** Any text as logs may show it: every address in it redacted. */
export function redactText(text: string): string {
  return text.replace(/[a-z][a-z0-9+.-]{0,15}:\/\/[^\s'"<>]+/gi, redactUrl);
}

/**
 * What one camera's errors may say: no address but its host, nothing of what the address keeps secret in whatever form
 * a camera or ffmpeg repeats it, nothing that a terminal obeys, and not too much.
 */
export function redactorFor(source: CameraSource): (text: string) => string {
  const secrets = ('url' in source ? secretsOf(source.url) : []).sort((a, b) => b.length - a.length);
  const patterns = secrets.map((secret) => {
    // A path such as `/jpeg` is a part of other words, too.
    const isWord = secret.length >= SHORT && !secret.startsWith('/');
    return isWord ? literal(secret) : `(?<!\\w)${literal(secret)}(?!\\w)`;
  });
  const hidden = patterns.length > 0 ? new RegExp(patterns.join('|'), 'g') : undefined;
  return (text) => {
    const shown = redactText(plain(text.slice(0, MOST_LINES * LONGEST_LINE)));
    const [first, ...more] = (hidden ? shown.replace(hidden, '***') : shown).split('\n').slice(0, MOST_LINES);
    return [cut(first, LONGEST_SUMMARY), ...more.map((line) => cut(line, LONGEST_LINE))].join('\n');
  };
}

/** A text without what a terminal, or a reader of logs, would take for something else. Line breaks stay. */
export function plain(text: string): string {
  // Control characters, and those that turn the direction of writing.
  return text.replace(/[^\P{Cc}\n]|[\u2028-\u202e\u2066-\u2069]/gu, '?');
}

function secretsOf(url: string): string[] {
  const address = readAddress(url);
  if (!address) return [url];
  const { login, target } = address;
  const [path, query = ''] = target.split(/\?(.*)/s);
  const values = [...query.split(/[&;]/), ...path.split(/[/&;]/)].flatMap((part) => {
    const [name, value] = part.split(/=(.*)/s);
    if (value === undefined) return name.length >= TOKEN ? [name] : [];
    return value.length >= SHORT || /pass|pw|user|token|key|auth|secret|login/i.test(name) ? [value] : [];
  });
  const words = [target, path, query, ...values].filter(({ length }) => length >= 2);
  const names = login ? [login.user, login.password, `${login.user}:${login.password}`] : [];
  const base64 = login ? [Buffer.from(`${login.user}:${login.password}`).toString('base64')] : [];
  const forms = [...words, ...names].flatMap((word) => [
    word,
    encodeURI(word),
    encodeURIComponent(word),
    decoded(word),
  ]);
  return [...new Set([...forms, ...base64])].filter((secret) => secret !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** For a regular expression. */
const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

const cut = (line: string, length: number): string => (line.length <= length ? line : `${line.slice(0, length)}...`);
