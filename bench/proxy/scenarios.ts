/** One kind of load: what is asked for, and with which fields. */
export type Scenario = {
  readonly name: string;
  readonly title: string;
  readonly path: string;
  readonly bodyBytes: number;
  /** Request fields besides Host, which wrk adds. */
  readonly fields: Readonly<Record<string, string>>;
  /** Answered from a file: the upstream sees nothing of it. */
  readonly isFile: boolean;
};

/** The body of `/`: a response smaller than its own head, so the proxy's own work shows most. */
export const SMALL_BODY = 'Hello, world\n';

/** What a browser sends with each request of a page: twelve fields, about 700 bytes. */
export const BROWSER_FIELDS: Readonly<Record<string, string>> = {
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.7',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Cache-Control': 'no-cache',
  Referer: 'http://127.0.0.1/articles/2024/a-page-before-this-one.html',
  Cookie: 'session=6f1d0c9e5b7a4e0f8d2c3b1a09f8e7d6; theme=dark; consent=1-1-0-1; seen=1718000000',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Ch-Ua-Platform': '"Linux"',
  'Upgrade-Insecure-Requests': '1',
};

/** A new connection for every request: the client asks the proxy to close after its answer. */
const CLOSE: Readonly<Record<string, string>> = { Connection: 'close' };

/** What is below it, those that can serve files answer themselves. */
export const FILES_PATH = '/files/';

/** The scenarios that wrk drives. `idle` is apart: it measures memory under no load at all. */
export const SCENARIOS: readonly Scenario[] = [
  scenario('small', 'GET, 13 bytes', '/', SMALL_BODY.length, {}),
  scenario('browser', 'GET with 12 fields, 13 bytes', '/', SMALL_BODY.length, BROWSER_FIELDS),
  scenario('10k', 'GET, 10 KiB', '/10k', 10_240, {}),
  scenario('1m', 'GET, 1 MiB', '/1m', 1_048_576, {}),
  scenario('connection', 'GET, 13 bytes, new connection each', '/', SMALL_BODY.length, CLOSE),
  scenario('static', 'GET, a file of 10 KiB', `${FILES_PATH}10k`, 10_240, {}),
];

export const IDLE = 'idle';

function scenario(
  name: string,
  title: string,
  path: string,
  bodyBytes: number,
  fields: Readonly<Record<string, string>>,
): Scenario {
  return { name, title, path, bodyBytes, fields, isFile: path.startsWith(FILES_PATH) };
}
