const URL_FORM =
  /^http:\/\/((?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?)(\/[\x21\x23-\x3e\x40-\x7e]*)?$/;

export type TargetUrl = {
  /** Host and port, as the Host field says them. */
  readonly authority: string;
  /** The path of the URL, which replaces the matched prefix; `undefined` where it has none. */
  readonly uri: string | undefined;
};

/** `http://host[:port][/path]`. Throws `TypeError` for everything else. */
export function parseTarget(url: string): TargetUrl {
  const match = URL_FORM.exec(url);
  if (match !== null) return { authority: match[1] as string, uri: match[2] };
  const tls = url.startsWith('https://');
  const why = tls ? 'TLS to upstreams is not there yet' : 'not http://host[:port][/path]';
  throw new TypeError(`'${url}': ${why}`);
}
