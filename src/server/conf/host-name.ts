/** The name in `host` or `host:port`; `undefined`: it is an address already. */
export function nameIn(authority: string): string | undefined {
  if (authority.startsWith('unix:') || authority.startsWith('[')) return undefined;
  const host = authority.replace(/:\d*$/, '');
  // Four numbers, or what looks like it: a name does not end in one (RFC 3696 §2).
  return host === '' || /(?:^|\.)\d+$/.test(host) ? undefined : host.toLowerCase();
}
