import { epollPort } from '../../adapters/epoll/index.ts';
import { ioUringPort } from '../../adapters/io-uring/index.ts';
import { nodePort } from '../../adapters/node/index.ts';
import type { CommonPortOptions } from '../../src/cli/open-port.ts';
import type { ProactorPort } from '../../src/core/proactor.ts';

export type OpenRealPort = (options?: CommonPortOptions) => ProactorPort;

/** Why there is no epoll here; `undefined` where there is. */
export const whyNoEpoll: string | undefined = reasonAgainst(epollPort);
/** Why there is no io_uring here: an older kernel, or one that does not allow it. */
export const whyNoIoUring: string | undefined = reasonAgainst(ioUringPort);

/** The adapters to a real system that can be had here: tests of layers above run on each. */
export const REAL_PORTS: Readonly<Record<string, OpenRealPort>> = {
  node: nodePort,
  ...(whyNoEpoll === undefined && { epoll: epollPort }),
  ...(whyNoIoUring === undefined && { 'io-uring': ioUringPort }),
};

function reasonAgainst(open: OpenRealPort): string | undefined {
  try {
    open().close();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
