/**
 * A target that a page or a server has named: its path decoded, and its arguments. `undefined`: it
 * leads out of where it begins.
 */
export function splitUri(text: string): { uri: string; args: string } | undefined {
  const query = text.indexOf('?');
  const written = query < 0 ? text : text.slice(0, query);
  const args = query < 0 ? '' : text.slice(query + 1);
  const uri = written.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  if (uri === '' || `${uri}${args}`.includes('\0')) return undefined;
  return /(?:^|\/)\.\.(?:\/|$)/.test(uri) ? undefined : { uri, args };
}
