import { createHash, randomBytes } from 'node:crypto';

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** What a request asks for: both are part of a digest. */
export interface Asked {
  readonly method: string;
  /** As in the request's first line. */
  readonly uri: string;
}

/** One way in that a server offers, with its parameters by names in small letters (RFC 7235). */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const hashes: Readonly<Record<string, string>> = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' };

/** Requests in a row that one answer may take: a server can offer several ways, and call a nonce stale. */
const MOST_TRIES = 6;

/**
 * Says who we are where a server asks for it, which it may do anew at any time: Basic or Digest (RFC 7617, RFC 7616).
 */
export class Authentication {
  readonly #login: Login | undefined;
  #challenge: Challenge | undefined;
  #count = 0;

  /** @param login undefined for one that is nobody */
  constructor(login: Login | undefined) {
    this.#login = login;
  }

  /**
   * Sends a request, and again with the login as long as the server asks for it in a way that it has not yet refused.
   *
   * @param challengesOf values of `WWW-Authenticate` of an answer that lets nobody in; undefined for any other
   */
  async request<Answer>(
    asked: Asked,
    send: (credentials: string | undefined) => Promise<Answer>,
    challengesOf: (answer: Answer) => readonly string[] | undefined,
  ): Promise<Answer> {
    const refused = new Set<string>();
    let fresh = false;
    for (let tries = 1; ; tries++) {
      const answer = await send(this.#login && this.#challenge && this.#grant(this.#login, this.#challenge, asked));
      const values = challengesOf(answer);
      if (!values || !this.#login || tries === MOST_TRIES) return answer;
      const offers = readChallenges(values);
      // A nonce that is only too old is no refusal.
      const stale = offers.some(({ parameters }) => parameters.get('stale')?.toLowerCase() === 'true');
      if (fresh && !stale && this.#challenge) refused.add(kindOf(this.#challenge));
      const best = offers.filter((offer) => !refused.has(kindOf(offer))).sort((a, b) => rank(b) - rank(a))[0];
      if (!best || rank(best) === 0) return answer;
      [this.#challenge, this.#count, fresh] = [best, 0, true];
    }
  }

  #grant(login: Login, { scheme, parameters }: Challenge, { method, uri }: Asked): string {
    const { user, password } = login;
    if (scheme === 'basic') return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const given = parameters.get('algorithm');
    const [algorithm, inSession] = algorithmOf(given);
    const hash = (...parts: string[]) => createHash(algorithm).update(parts.join(':')).digest('hex');
    const [realm, nonce] = [parameters.get('realm') ?? '', parameters.get('nonce') ?? ''];
    const [count, own] = [(++this.#count).toString(16).padStart(8, '0'), randomBytes(8).toString('hex')];
    const login1 = hash(user, realm, password);
    const secret = inSession ? hash(login1, nonce, own) : login1;
    const offered = parameters
      .get('qop')
      ?.toLowerCase()
      .split(/[,\s]+/);
    const qop = offered?.find((one) => one === 'auth') ?? offered?.find((one) => one === 'auth-int');
    // Our requests have no body.
    const request = qop === 'auth-int' ? hash(method, uri, hash('')) : hash(method, uri);
    const response = qop ? hash(secret, nonce, count, own, qop, request) : hash(secret, nonce, request);
    const fields = [
      `username=${quote(user)}`,
      `realm=${quote(realm)}`,
      `nonce=${quote(nonce)}`,
      `uri=${quote(uri)}`,
      `response="${response}"`,
    ];
    if (qop) fields.push(`qop=${qop}`, `nc=${count}`);
    if (qop || inSession) fields.push(`cnonce="${own}"`);
    if (given) fields.push(`algorithm=${given}`);
    const opaque = parameters.get('opaque');
    if (opaque !== undefined) fields.push(`opaque=${quote(opaque)}`);
    return `Digest ${fields.join(', ')}`;
  }
}

/** Takes values of `WWW-Authenticate` apart; each may hold several challenges. */
export function readChallenges(values: readonly string[]): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const token = /([\w.!#$%&'*+^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^\s,"]*)))?/g;
  for (const value of values) {
    for (const [whole, name, quoted, bare] of value.matchAll(token)) {
      if (!whole.includes('=')) challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
      else challenges.at(-1)?.parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
    }
  }
  return challenges;
}

const kindOf = ({ scheme, parameters }: Challenge) => `${scheme} ${parameters.get('algorithm')?.toUpperCase() ?? ''}`;

/** How well a way in keeps the password; 0 for one that we do not know. */
function rank({ scheme, parameters }: Challenge): number {
  if (scheme === 'basic') return 1;
  if (scheme !== 'digest') return 0;
  const [algorithm] = algorithmOf(parameters.get('algorithm'));
  return algorithm === undefined ? 0 : algorithm === 'md5' ? 2 : 3;
}

/** @returns the name of the hash here, undefined for none that we know, and whether it is the `-sess` variant */
function algorithmOf(given = 'MD5'): [string, boolean] {
  const name = given.toUpperCase();
  return [hashes[name.replace(/-SESS$/, '')], name.endsWith('-SESS')];
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
