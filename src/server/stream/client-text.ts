import type { StreamSession } from './stream-session.ts';

/** The client's address as text; `unix:` for whoever came over a unix socket. */
export function addressOf({ remote }: StreamSession): string {
  return remote.family === 'unix' ? 'unix:' : remote.address;
}
