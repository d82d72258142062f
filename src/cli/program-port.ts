import type { ProactorPort } from '../core/proactor.ts';

/**
 * The port of a program, by what `use` of its configuration says. Only the adapter that it takes is
 * loaded. Words that nginx knows and nobody has here are `auto`: `epoll`, or `node` without it.
 */
export async function programPort(use: string | undefined): Promise<ProactorPort> {
  if (use === 'io-uring' || use === 'io_uring') {
    const { ioUringPort } = await import('../../adapters/io-uring/index.ts');
    return ioUringPort();
  }
  if (use !== 'node') {
    try {
      const { epollPort } = await import('../../adapters/epoll/index.ts');
      return epollPort();
    } catch (error) {
      if (use === 'epoll') throw error;
    }
  }
  const { nodePort } = await import('../../adapters/node/index.ts');
  return nodePort();
}
