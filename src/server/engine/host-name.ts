const IN_NAME = /^[A-Za-z0-9\-._~!$&'()*+,;=%]*$/;
const IN_LITERAL = /^[A-Za-z0-9\-._~!$&'()*+,;=:]*$/;
const PORT_MAX = 65_535;
const DASH = 0x2d;
const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const COLON = 0x3a;
const LOWER_A = 0x61;
const LOWER_Z = 0x7a;
const LOWER_BIT = 0x20;

/**
 * Is it a host as nginx takes it: a name without empty labels, or a literal in brackets, and a port
 * that may be empty?
 */
export function isServedHost(text: string, start: number, end: number): boolean {
  return isUsual(text, start, end) || isServed(text.slice(start, end));
}

/**
 * Letters, digits and `-` with single dots in between, and perhaps a port: what nearly all hosts
 * are, told without a regular expression.
 */
function isUsual(text: string, start: number, end: number): boolean {
  let last = DOT;
  for (let at = start; at < end; at += 1) {
    const char = text.charCodeAt(at);
    if (char === COLON) return last !== DOT && isPortAt(text, at + 1, end);
    const lower = char | LOWER_BIT;
    const isLetter = lower >= LOWER_A && lower <= LOWER_Z;
    if (char === DOT ? last === DOT : !isLetter && !isDigit(char) && char !== DASH) return false;
    last = char;
  }
  return last !== DOT;
}

function isPortAt(text: string, start: number, end: number): boolean {
  let port = 0;
  for (let at = start; at < end; at += 1) {
    const char = text.charCodeAt(at);
    if (!isDigit(char)) return false;
    port = port * 10 + char - DIGIT_0;
    if (port > PORT_MAX) return false;
  }
  return true;
}

function isDigit(char: number): boolean {
  return char >= DIGIT_0 && char <= DIGIT_9;
}

function isServed(host: string): boolean {
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

// Nearly all requests are for the same few names.
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
