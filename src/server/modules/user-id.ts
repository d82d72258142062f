import { Buffer } from 'node:buffer';
import type { ServerConnection } from '../../http/server-connection.ts';
import { parseIp } from '../../net/ip.ts';
import type { UserIdConf } from '../conf/user-id-conf.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import type { Getter } from '../engine/variables.ts';
import { valuesOf } from './received-fields.ts';

const PARTS = Symbol('user ids');
/** Sixteen bytes in base 64, without what fills them up. */
const ID_CHARS = 22;
const ID_BYTES = 16;
const FIRST_SEQUENCE = 0x0303_0302;
const STEP = 0x100;
const NEVER = 'Thu, 31-Dec-37 23:55:55 GMT';

/** What is kept of a request: 16 bytes as latin1, '' where there are none. */
type Parts = {
  readonly got: number;
  readonly made: number;
  readonly reset: Getter;
  /** Random bits, so that processes of one second differ, and the process. */
  readonly start: number;
  sequence: number;
};

/** `userid`: cookies by which clients are told apart. */
export const userIdModule: HttpModule = {
  name: 'user id',
  variables: {
    uid_got: (request) => shown(request, isOff(request) ? '' : receivedId(request)),
    uid_set: (request) => shown(request, isIssued(request) ? issuedId(request) : ''),
  },
  site(site) {
    const { variables } = site;
    if (!variables.has('uid_reset')) variables.defineSettable('uid_reset');
    const reset = variables.find('uid_reset').get;
    const got = variables.newSlot();
    const made = variables.newSlot();
    const { random, pid } = site.environment;
    const start = ((random.nextUint32() & 0xffff_0000) | (pid & 0xffff)) >>> 0;
    site.parts.set(PARTS, { got, made, reset, start, sequence: 0 } satisfies Parts);
  },
  location({ conf, headerFilters }) {
    if (conf.userId !== 'on' && conf.userId !== 'v1') return;
    headerFilters.push((request) => {
      if (!request.isSubrequest) addCookie(request, conf);
    });
  },
};

function partsOf({ parts }: Site): Parts {
  return parts.get(PARTS) as Parts;
}

function isOff({ location }: Request): boolean {
  return location.conf.userId === 'off';
}

function isIssued({ location: { conf } }: Request): boolean {
  return conf.userId === 'on' || conf.userId === 'v1';
}

/** As logs have it: the name, and the bytes as four numbers of the processor's. */
function shown({ location }: Request, id: string): string | undefined {
  return id === '' ? undefined : `${location.conf.userIdName}=${hexText(id)}`;
}

function hexText(id: string): string {
  const bytes = Buffer.from(id, 'latin1').swap32();
  return bytes.toString('hex').toUpperCase();
}

/** The cookie as it came; '' where there is none. */
function cookieOf(request: Request): string {
  const { head } = request.client as ServerConnection;
  const name = `${request.location.conf.userIdName.toLowerCase()}=`;
  for (const value of valuesOf(head, 'cookie')) {
    for (const pair of value.split(/[;,]/)) {
      const trimmed = pair.trim();
      if (trimmed.toLowerCase().startsWith(name)) return trimmed.slice(name.length);
    }
  }
  return '';
}

/** The bytes of the cookie that came, looked at once. */
function receivedId(request: Request): string {
  const { got } = partsOf(request.site);
  request.values[got] ??= decoded(request, cookieOf(request));
  return request.values[got] as string;
}

function decoded(request: Request, cookie: string): string {
  if (cookie === '') return '';
  if (cookie.length < ID_CHARS) {
    request.log('error', `client sent too short userid cookie "${cookie}"`);
    return '';
  }
  const text = cookie.slice(0, ID_CHARS);
  if (!/^[A-Za-z0-9+/]*$/.test(text)) {
    request.log('error', `client sent invalid userid cookie "${cookie}"`);
    return '';
  }
  const id = Buffer.from(text, 'base64').toString('latin1', 0, ID_BYTES);
  return id.endsWith('\0\0\0\0') ? '' : id;
}

/** What the client is to have; '' where it may keep what it has. */
function issuedId(request: Request): string {
  const { made } = partsOf(request.site);
  request.values[made] ??= chosenId(request);
  return request.values[made] as string;
}

function chosenId(request: Request): string {
  const { userIdMark: mark, userIdName: name } = request.location.conf;
  const got = receivedId(request);
  if (got !== '') {
    const reset = partsOf(request.site).reset(request) ?? '';
    if (reset === '' || reset === '0') {
      const isMarked = cookieOf(request).slice(ID_CHARS, ID_CHARS + 2) === `${mark}=`;
      return mark === '' || isMarked ? '' : got;
    }
    if (reset === 'log') {
      request.log('notice', `userid cookie "${name}=${hexText(got)}" was reset`);
    }
  }
  return newId(request);
}

/** Service or address, time, process, and a number that no other one has. */
function newId(request: Request): string {
  const { site, location } = request;
  const { userId, userIdService } = location.conf;
  const isOld = userId === 'v1';
  const parts = partsOf(site);
  const sequence = ((isOld ? 1 : FIRST_SEQUENCE) + parts.sequence * STEP) >>> 0;
  parts.sequence += 1;
  const numbers = [
    userIdService ?? (isOld ? 0 : addressNumber(request)),
    Math.floor(site.clock.wallMs() / 1000) >>> 0,
    parts.start,
    sequence,
  ];
  const bytes = Buffer.alloc(ID_BYTES);
  for (const [index, number] of numbers.entries()) {
    if (isOld) bytes.writeUInt32LE(number, index * 4);
    else bytes.writeUInt32BE(number, index * 4);
  }
  return bytes.toString('latin1');
}

/** The last four bytes of our address. */
function addressNumber(request: Request): number {
  const bytes = parseIp((request.client as ServerConnection).localAddress);
  if (typeof bytes === 'number') return 0;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 4);
}

function addCookie(request: Request, conf: UserIdConf): void {
  const id = issuedId(request);
  if (id === '') return;
  const { userIdMark: mark } = conf;
  const encoded = Buffer.from(id, 'latin1').toString('base64');
  const value = mark === '' ? encoded : `${encoded.slice(0, ID_CHARS)}${mark}=`;
  let text = `${conf.userIdName}=${value}`;
  const { userIdExpires: expires } = conf;
  if (expires === 'max') text += `; expires=${NEVER}`;
  else if (expires > 0) {
    const now = Math.floor(request.site.clock.wallMs() / 1000);
    text += `; expires=${cookieTime(now + expires)}`;
  }
  if (conf.userIdDomain !== '') text += `; domain=${conf.userIdDomain}`;
  text += `; path=${conf.userIdPath}`;
  for (const flag of conf.userIdFlags) text += `; ${flag}`;
  request.out.add('Set-Cookie', text);
  if (conf.userIdP3p !== '') request.out.add('P3P', conf.userIdP3p);
}

/** `Thu, 31-Dec-37 23:55:55 GMT`: two digits for years that old clients understand. */
function cookieTime(seconds: number): string {
  const [, day, date, month, year = '', time] =
    /^(\w+), (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(seconds * 1000).toUTCString()) ?? [];
  const shortYear = Number(year) > 2037 ? year : year.slice(-2);
  return `${day}, ${date}-${month}-${shortYear} ${time} GMT`;
}
