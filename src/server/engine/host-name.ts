const IN_NAME = /^[A-Za-z0-9\-._~!$&'()*+,;=%]*$/;
const IN_LITERAL = /^[A-Za-z0-9\-._~!$&'()*+,;=:]*$/;
const PORT_MAX = 65_535;

/**
 * Is it a host as nginx takes it: a name without empty labels, or a literal in brackets, and a port
 * that may be empty?
 */
export function isServedHost(text: string, start: number, end: number): boolean {
  // Nearly all requests are for the same few names.
  if (end - start === lastServed.length && text.startsWith(lastServed, start)) return true;
  const host = text.slice(start, end);
  if (!isHost(host)) return false;
  lastServed = host;
  return true;
}

let lastServed = 'localhost';

function isHost(host: string): boolean {
  const colon = host.startsWith('[') ? host.indexOf(':', host.indexOf(']')) : host.indexOf(':');
  const name = colon < 0 ? host : host.slice(0, colon);
  if (colon >= 0 && !isPort(host.slice(colon + 1))) return false;
  if (name === '' || name === '.' || name.includes('..')) return false;
  if (!name.startsWith('[')) return IN_NAME.test(name);
  return name.endsWith(']') && IN_LITERAL.test(name.slice(1, -1));
}

function isPort(digits: string): boolean {
  return digits === '' || (/^\d+$/.test(digits) && Number(digits) <= PORT_MAX);
}

let lastHost = '';
let lastName = '';

/** Without its port and the root's dot, in lower case. */
export function hostName(host: string): string {
  if (host !== lastHost) {
    lastName = nameOf(host);
    lastHost = host;
  }
  return lastName;
}

function nameOf(host: string): string {
  const end = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  const name = end > 0 ? host.slice(0, end) : host;
  const bare = name.endsWith('.') ? name.slice(0, -1) : name;
  return bare.toLowerCase();
}

/** The port that a host was given with; '' without one. */
export function portOf(host: string): string {
  const at = host.startsWith('[') ? host.indexOf(']') + 1 : host.indexOf(':');
  return at > 0 && host[at] === ':' ? String(Number(host.slice(at + 1)) || '') : '';
}
