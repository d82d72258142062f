import type { Endpoint } from '../../core/endpoint.ts';
import { parseIp } from '../../net/ip.ts';

/** The bytes of an address, 4 or 16, as latin1 text; '' for a unix socket. */
export function addressBytes({ family, address }: Endpoint): string {
  if (family === 'unix') return '';
  const bytes = parseIp(address);
  return typeof bytes === 'object' ? String.fromCharCode(...bytes) : '';
}
