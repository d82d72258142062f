import type { ServerConnection } from '../../http/server-connection.ts';
import { hostField } from '../engine/client-host.ts';
import { directoryOf, filePathOf } from '../engine/file-path.ts';
import { portOf } from '../engine/host-name.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { VariableTable } from '../engine/variables.ts';
import { runOf } from './proxy/upstream-run.ts';

const ID_WORDS = 4;
const HEX_DIGITS = 8;

const clientOf = (request: Request): ServerConnection => request.client as ServerConnection;

const portAsked = (request: Request): string => portOf(hostField(clientOf(request).head));

/** Of the request's body, of what it is among others, and of the files it means. */
const VARIABLES: VariableTable = {
  request_body: (request) => {
    const { body } = request;
    if (!body.isWhole) return runOf(request)?.passed.text;
    return body.isInMemory && body.bytes > 0 ? body.text : undefined;
  },
  request_body_file: ({ body }) => body.path,
  request_completion: ({ isComplete }) => (isComplete ? 'OK' : ''),
  request_filename: (request) => filePathOf(request.location, request.site)(request),
  document_root: rootOf,
  realpath_root: (request) => {
    const root = rootOf(request);
    return request.site.environment.files.realPath?.(root) ?? root;
  },
  connection_time: (request) => {
    const openMs = request.site.port.loop.turnMs - clientOf(request).openedMs;
    return (openMs / 1000).toFixed(3);
  },
  pipe: (request) => (clientOf(request).isPipelined ? 'p' : '.'),
  request_port: portAsked,
  is_request_port: (request) => (portAsked(request) === '' ? '' : ':'),
};

export const requestVariablesModule: HttpModule = {
  name: 'request variables',
  variables: VARIABLES,
  families: {
    sent_trailer_: (rest) => {
      const name = rest.replaceAll('_', '-');
      return ({ trailers }) => valuesOf(trailers, name);
    },
  },
  site: ({ variables }) => variables.defineOnce('request_id', requestId),
};

function valuesOf(trailers: Request['trailers'], name: string): string | undefined {
  const values = trailers.filter((one) => one.name.toLowerCase() === name);
  return values.length === 0 ? undefined : values.map(({ value }) => value).join(', ');
}

/** 16 random bytes. */
function requestId({ site }: Request): string {
  let text = '';
  for (let i = 0; i < ID_WORDS; i += 1) {
    text += site.environment.random.nextUint32().toString(16).padStart(HEX_DIGITS, '0');
  }
  return text;
}

function rootOf(request: Request): string {
  const path = directoryOf(request.location, request.site)(request);
  return path.endsWith('/') && path !== '/' ? path.slice(0, -1) : path;
}
