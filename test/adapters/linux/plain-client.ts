import assert from 'node:assert/strict';
import { linuxCalls } from '../../../adapters/epoll/linux-calls.ts';
import { SOCK_STREAM } from '../../../adapters/linux/constants.ts';
import { loadKoffi } from '../../../adapters/linux/koffi.ts';
import { encodeAddress, familyOf } from '../../../adapters/linux/socket-address.ts';
import type { Endpoint } from '../../../src/core/endpoint.ts';

/** What sends all of a text through a descriptor, with the flags of `send(2)`. */
export type PlainClient = {
  say(text: string, flags?: number): void;
  close(): void;
};

/** A client that is made of plain system calls, behind the back of every adapter. */
export function plainClient(endpoint: Endpoint): PlainClient {
  const calls = linuxCalls(loadKoffi('epoll'));
  const address = encodeAddress(endpoint) as Buffer;
  const fd = calls.socket(familyOf(endpoint), SOCK_STREAM, 0);
  assert.equal(calls.connect(fd, address, address.length), 0);
  return {
    say(text, flags = 0) {
      const bytes = Buffer.from(text, 'latin1');
      assert.equal(calls.send(fd, calls.addressOf(bytes), bytes.length, flags), bytes.length);
    },
    close: () => calls.close(fd),
  };
}
