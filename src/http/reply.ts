import { reasonOf } from './status.ts';

/** A whole response of our own to a request that ends its connection. */
export function errorPage(status: number): string {
  return reply(status, `${status} ${reasonOf(status)}\n`, false);
}

/** A whole response with a text for people; `persistent`: the connection stays open. */
export function reply(status: number, body: string, persistent: boolean): string {
  return (
    `HTTP/1.1 ${status} ${reasonOf(status)}\r\n` +
    'Content-Type: text/plain; charset=utf-8\r\n' +
    `Content-Length: ${body.length}\r\n` +
    `${persistent ? '' : 'Connection: close\r\n'}\r\n${body}`
  );
}
