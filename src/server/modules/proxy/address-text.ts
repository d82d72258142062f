import type { Endpoint } from '../../../core/endpoint.ts';

/** An address as logs and variables show it. */
export function addressText({ family, address, port }: Endpoint): string {
  if (family === 'unix') return `unix:${address}`;
  return family === 'ipv6' ? `[${address}]:${port}` : `${address}:${port}`;
}
