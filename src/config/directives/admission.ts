import { parseNetwork } from '../../net/network.ts';
import type { AdmissionConf, RealIpHeader } from '../../server/conf/admission-conf.ts';
import { nameIn } from '../../server/conf/host-name.ts';
import {
  type DirectiveTable,
  flag,
  ignored,
  MANY,
  template,
  text,
  time,
  type Use,
} from '../directive.ts';
import { noteHost } from '../host-use.ts';
import type { ContextName } from '../scope.ts';
import { HTTP_SERVER_LOCATION } from './contexts.ts';
import { referersOf } from './referers.ts';

const WITH_LIMIT_EXCEPT: readonly ContextName[] = [...HTTP_SERVER_LOCATION, 'limit_except'];
const WITH_STREAM: readonly ContextName[] = [...WITH_LIMIT_EXCEPT, 'stream', 'stream-server'];

/** Who may come in: addresses, passwords, links, referring pages. */
export const admissionDirectives: DirectiveTable = {
  allow: { contexts: WITH_STREAM, args: 1, read: (use) => readRule(use, true) },
  deny: { contexts: WITH_STREAM, args: 1, read: (use) => readRule(use, false) },
  auth_basic: {
    contexts: WITH_LIMIT_EXCEPT,
    args: 1,
    default: 'off',
    read: template('authBasic'),
  },
  auth_basic_user_file: {
    contexts: WITH_LIMIT_EXCEPT,
    args: 1,
    support: 'partly',
    note: 'no bcrypt and no yescrypt: {PLAIN}, {SHA}, {SSHA}, apr1, crypt with DES, MD5 and SHA-2',
    read: (use) => {
      const { first } = use;
      // What begins with a variable may turn out to be absolute.
      const path = /^[/$]/.test(first) ? first : use.reader.directory + first;
      use.set('authBasicUserFile', use.template(path));
    },
  },
  auth_delay: { contexts: HTTP_SERVER_LOCATION, args: 1, default: '0s', read: time('authDelay') },
  set_real_ip_from: {
    contexts: [...HTTP_SERVER_LOCATION, 'stream', 'stream-server'],
    args: 1,
    read: readRealIpFrom,
  },
  real_ip_header: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'X-Real-IP',
    read: (use) => use.set('realIpHeader', realIpHeaderOf(use.first)),
  },
  real_ip_recursive: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('realIpRecursive'),
  },
  valid_referers: {
    contexts: ['server', 'location'],
    args: [1, MANY],
    read: (use) => {
      const known = use.scope.values.validReferers as AdmissionConf['validReferers'];
      use.scope.values.validReferers = referersOf(use, known);
    },
  },
  referer_hash_max_size: {
    contexts: ['server', 'location'],
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  referer_hash_bucket_size: {
    contexts: ['server', 'location'],
    args: 1,
    support: 'no effect',
    read: ignored,
  },
  secure_link: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    read: (use) => {
      withoutSecret(use);
      use.set('secureLink', use.template());
    },
  },
  secure_link_md5: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    read: (use) => {
      withoutSecret(use);
      use.set('secureLinkMd5', use.template());
    },
  },
  secure_link_secret: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    read: (use) => {
      const { values } = use.scope;
      if (values.secureLink !== undefined || values.secureLinkMd5 !== undefined) failMixed(use);
      Object.assign(values, { secureLink: undefined, secureLinkMd5: undefined });
      text('secureLinkSecret')(use);
    },
  },
};

function readRule(use: Use, allow: boolean): void {
  const { first } = use;
  if (first === 'all' || first === 'unix:') {
    use.append('accessRules', { allow, from: first });
    return;
  }
  const network = parseNetwork(first);
  if (network === undefined) use.fail(`invalid parameter "${first}"`);
  if (network.hasLowBits) use.warn(`low address bits of ${first} are meaningless`);
  use.append('accessRules', { allow, from: network.text });
}

function readRealIpFrom(use: Use): void {
  const { first } = use;
  const network = parseNetwork(first);
  if (network?.hasLowBits) use.warn(`low address bits of ${first} are meaningless`);
  if (network !== undefined || first === 'unix:') {
    use.append('realIpFrom', network?.text ?? first);
    return;
  }
  const shown = `set_real_ip_from "${first}"`;
  const name = nameIn(first);
  if (name === undefined) use.fail(`host not found in ${shown}`);
  noteHost(use, name, shown);
  use.append('realIpFrom', name);
}

function realIpHeaderOf(name: string): RealIpHeader {
  return name === 'proxy_protocol' ? { kind: 'proxy-protocol' } : { kind: 'field', name };
}

/** The one kind of links hides the other one of outer blocks. */
function withoutSecret(use: Use): void {
  const { values } = use.scope;
  if (values.secureLinkSecret !== undefined) failMixed(use);
  values.secureLinkSecret = undefined;
}

function failMixed(use: Use): never {
  return use.fail('"secure_link_secret" cannot be mixed with "secure_link" and "secure_link_md5"');
}
