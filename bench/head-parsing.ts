import { HeadParser, readRequest, requestHead } from '../src/http/index.ts';
import type { Scenarios } from './scenarios.ts';

/** Parsing a request's head and making the one that goes upstream. */
const wire = (text: string): Uint8Array => Buffer.from(text.replaceAll('\n', '\r\n'), 'latin1');

export const small: Uint8Array = wire('GET / HTTP/1.1\nHost: 127.0.0.1:8080\n\n');
export const browser: Uint8Array = wire(`GET /articles/2026/11/event-loops?ref=home HTTP/1.1
Host: www.example.org
Connection: keep-alive
Cache-Control: max-age=0
sec-ch-ua: "Chromium";v="142", "Not A(Brand";v="24"
sec-ch-ua-mobile: ?0
sec-ch-ua-platform: "Linux"
Upgrade-Insecure-Requests: 1
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-GB,en;q=0.9,de;q=0.8
Cookie: session=2f1b6c0b8d9e4a57; theme=dark; consent=necessary

`);

const parser = new HeadParser('request');

function parse(head: Uint8Array): string {
  parser.reset();
  parser.parse(head, 0, head.length);
  readRequest(parser.head);
  return requestHead(parser.head, 'Host: upstream\r\n', '');
}

export const headParsing: Scenarios = {
  'a small head': () => parse(small),
  'a browser-like head': () => parse(browser),
};
