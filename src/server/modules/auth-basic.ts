import { Buffer } from 'node:buffer';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { LocationConf } from '../conf/location-conf.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import { systemError } from '../engine/system-errors.ts';
import { type Handler, NEXT, PASS, type Verdict, WAIT } from '../engine/verdict.ts';
import { PasswordCheck, UnknownHash } from '../shared/passwords/password-check.ts';
import { PasswordQueue, type PasswordWaiter } from '../shared/passwords/password-queue.ts';
import { passwordOf } from './password-file.ts';

const QUEUE = Symbol('passwords that are being checked');
/** What is done at once: cheap kinds of hashes are finished then. */
const ROUNDS_AT_ONCE = 1;

/** `auth_basic`: names and passwords from a file (RFC 7617). */
export const authBasicModule: HttpModule = {
  name: 'auth basic',
  location({ conf, access }, site) {
    const handler = handlerOf(conf, site);
    if (handler !== undefined) access.push(handler);
  },
};

function handlerOf(conf: LocationConf, site: Site): Handler | undefined {
  if (conf.authBasic === undefined || conf.authBasicUserFile === undefined) return undefined;
  if (conf.authBasic === 'off') return undefined;
  const realmOf = site.template(conf.authBasic);
  const fileOf = site.template(conf.authBasicUserFile);
  return (request): Verdict => {
    const realm = realmOf(request);
    if (realm === 'off') return NEXT;
    const credentials = credentialsOf(request);
    if (credentials === undefined) {
      request.log('info', 'no user/password was provided for basic authentication');
      return asked(request, realm);
    }
    return judge(request, realm, credentials, site.fullPath(fileOf(request)));
  };
}

type Credentials = { readonly user: string; readonly password: string };

function credentialsOf(request: Request): Credentials | undefined {
  const { head } = request.client as ServerConnection;
  const encoded = /^basic +([^ ]+) *$/i.exec(head.get('authorization') ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = text.indexOf(':');
  // A NUL would end the password where C reads it.
  if (colon <= 0 || text.includes('\0')) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function judge(
  request: Request,
  realm: string,
  { user, password }: Credentials,
  path: string,
): Verdict {
  const found = passwordOf(request.site.environment.files, path, user);
  if (found === undefined) {
    request.log('error', `user "${user}" was not found in "${path}"`);
    return asked(request, realm);
  }
  if (typeof found !== 'string') {
    const isMissing = found.code === 'ENOENT';
    const text = `open() "${path}" failed ${systemError(found)}`;
    request.log(isMissing ? 'error' : 'crit', text);
    return isMissing ? 403 : 500;
  }
  try {
    return check(request, realm, user, new PasswordCheck(password, found));
  } catch (error) {
    if (!(error instanceof UnknownHash)) throw error;
    request.log('error', `the password of user "${user}" cannot be checked: ${error.message}`);
    return 500;
  }
}

function check(request: Request, realm: string, user: string, password: PasswordCheck): Verdict {
  const isRight = password.run(ROUNDS_AT_ONCE);
  if (isRight !== undefined) return verdictOf(request, realm, user, isRight);
  const waiter = new WaitingRequest(request, realm, user);
  if (queueOf(request.site).add(password, waiter)) return WAIT;
  request.log('error', 'too many passwords are being checked');
  return 503;
}

/** A request whose password takes time. */
class WaitingRequest implements PasswordWaiter {
  readonly #request: Request;
  readonly #use: number;
  readonly #realm: string;
  readonly #user: string;

  constructor(request: Request, realm: string, user: string) {
    this.#request = request;
    this.#use = request.use;
    this.#realm = realm;
    this.#user = user;
  }

  passwordChecked(isRight: boolean): void {
    const request = this.#request;
    if (request.use !== this.#use || request.client === undefined) return;
    request.resume(this.#use, verdictOf(request, this.#realm, this.#user, isRight));
  }
}

function verdictOf(request: Request, realm: string, user: string, isRight: boolean): Verdict {
  if (isRight) return PASS;
  request.log('error', `user "${user}": password mismatch`);
  return asked(request, realm);
}

/** The client is asked for a name and a password. */
function asked({ out }: Request, realm: string): Verdict {
  out.add('WWW-Authenticate', `Basic realm="${realm}"`);
  return 401;
}

function queueOf({ parts, port }: Site): PasswordQueue {
  let queue = parts.get(QUEUE) as PasswordQueue | undefined;
  if (queue === undefined) {
    queue = new PasswordQueue(port.loop);
    parts.set(QUEUE, queue);
  }
  return queue;
}
