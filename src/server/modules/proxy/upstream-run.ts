import type { MessageHead } from '../../../http/message-head.ts';
import type { Request } from '../../engine/request.ts';
import { ChunkJoin } from './chunk-join.ts';
import type { Destination } from './destination.ts';
import { PassedBody } from './passed-body.ts';
import type { StoredBody } from './stored-body.ts';
import type { Switch } from './switch.ts';
import { Tries } from './tries.ts';

/** What a request has to do with servers. Made with its first use, and used again for the next. */
export class UpstreamRun {
  /** Whose it is: `Request.use`. */
  use = -1;
  readonly tries: Tries = new Tries();
  destination!: Destination;
  /** The target of the request line. */
  uri = '';
  method = '';
  /** The head that goes up, and a body that stands in for the client's. */
  head = '';
  body = '';
  /** When the first attempt for this location was made. */
  startedMs = 0;
  /** Servers that may be tried for this location. */
  triesMax = 0;
  /** Something of the request may have reached the server of the current attempt. */
  sent = false;
  /** The body goes up as it comes: it is not there a second time. */
  streams = false;
  /** There is an attempt that has not been counted to its end. */
  isOpen = false;
  /** Bytes of the current answer's head. */
  headBytes = 0;
  /** Bytes that were queued for the server of the current attempt. */
  sentBytes = 0;
  /** Field lines of the last answer, kept where a variable may want them. */
  fields = '';
  trailers = '';
  /** Pieces of a chunked body that goes up as it comes. */
  readonly chunks: ChunkJoin = new ChunkJoin();
  /** What of a body that was not kept has gone by, for `$request_body`. */
  readonly passed: PassedBody = new PassedBody();
  /** The connection became a tunnel. */
  tunnel: Switch | undefined;
  /** What is kept of the answer. */
  stored: StoredBody | undefined;

  /** For variables, who may ask for it when the head is gone. */
  keepFields(head: MessageHead): void {
    this.fields = head.text.slice(head.fieldsStart, head.lineStart(head.fieldCount));
  }

  /** Another request. */
  reset(use: number): void {
    this.use = use;
    this.tries.count = 0;
    this.fields = '';
    this.trailers = '';
    this.passed.reset();
    this.chunks.reset();
    this.tunnel = undefined;
    this.stored = undefined;
    this.isOpen = false;
  }
}

/** The run of a request that is about to have one. */
export function openRun(request: Request): UpstreamRun {
  request.run ??= new UpstreamRun();
  const { run } = request;
  if (run.use === request.use) run.tries.part();
  else run.reset(request.use);
  return run;
}

/** `undefined`: no server has anything to do with the request. */
export function runOf({ run, use }: Request): UpstreamRun | undefined {
  return run?.use === use ? run : undefined;
}
