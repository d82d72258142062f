import type { Endpoint } from '../../../core/endpoint.ts';
import { parseServerUrl } from '../../../proxy/upstream/server-url.ts';

/** `address` or `address:port`; without a port any will do. `undefined`: that is no address. */
export function localOf(text: string): Endpoint | undefined {
  try {
    const { endpoint } = parseServerUrl(text);
    if (endpoint === undefined || endpoint.family === 'unix') return undefined;
    return /\]?:\d+$/.test(text) && !isBare6(text) ? endpoint : { ...endpoint, port: 0 };
  } catch {
    return undefined;
  }
}

/** An IPv6 address without brackets has no port, however it ends. */
function isBare6(text: string): boolean {
  return !text.startsWith('[') && text.split(':').length > 2;
}
