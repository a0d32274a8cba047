/**
 * An address as logs may show it: without user, password and query (cameras take tokens there). A password that holds
 * an unescaped `/`, `?` or `@` is hidden too.
 */
export function redactUrl(url: string): string {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/is.exec(url) ?? [];
  if (rest === undefined) return url;
  const withoutCredentials = /^(\[[^\]@]*\]|[^/?#@:]*)(:\d*)?([/?#]|$)/.test(rest) || !rest.includes('@');
  const location = withoutCredentials ? rest : `***@${rest.slice(rest.lastIndexOf('@') + 1)}`;
  return scheme + location.replace(/[?#].*$/s, '?***');
}

/** Any text as logs may show it: every address in it redacted, and `secret` even where it holds blanks or quotes. */
export function redactText(text: string, secret?: string): string {
  const known = secret ? text.replaceAll(secret, redactUrl(secret)) : text;
  return known.replace(/[a-z][a-z0-9+.-]*:\/\/[^\s'"<>]+/gi, redactUrl);
}
