/**
 * An address as logs may show it: without user, password and query (cameras take tokens there). Where a password holds
 * an unescaped `/`, `?`, `#` or `@`, more is hidden rather than less.
 */
export function redactUrl(url: string): string {
  const [, scheme, location, query] = /^([a-z][a-z0-9+.-]*:\/\/)([^?#]*)(.*)$/is.exec(url) ?? [];
  if (scheme === undefined) return url;
  if (query.includes('@')) return `${scheme}***`;
  const user = location.lastIndexOf('@') + 1;
  return `${scheme}${user > 0 ? '***@' : ''}${location.slice(user)}${query && '?***'}`;
}

/** Any text as logs may show it: every address in it redacted. */
export function redactText(text: string): string {
  return text.replace(/[a-z][a-z0-9+.-]*:\/\/[^\s'"<>]+/gi, redactUrl);
}
