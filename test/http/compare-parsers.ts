import { METHODS } from 'node:http';
import { type Kind, type LoggedMessage, MessageLog } from './message-log.ts';
import type { NodeMessage, NodeParser } from './node-parser.ts';

/** Where two parsers first part ways. */
export type Difference = {
  readonly what: 'head end' | 'first line' | 'fields' | 'persistence' | 'body' | 'end';
  readonly ours: string;
  /** What Node has of it; where it refused, its code. */
  readonly theirs: string;
  /** The whole input, and where the message begins in it. */
  readonly input: string;
  readonly at: number;
};

/** What one comparison has found. */
export type Compared = {
  /** Messages that Sluice accepted, whole or as far as they came. */
  readonly accepted: number;
  readonly difference: Difference | undefined;
};

/**
 * Reads `wire`, and has Node read what was accepted: the same messages, which begin and end at the
 * same bytes. Behind a message that is the last one of its connection nothing is compared.
 */
export function compare(kind: Kind, wire: Uint8Array, node: NodeParser): Compared {
  const log = new MessageLog(kind);
  log.write(wire);
  log.end();
  node.start();
  let accepted = 0;
  for (const ours of log.messages) {
    accepted += 1;
    const difference = compareOne(kind, wire, ours, node);
    if (difference !== undefined) return { accepted, difference };
    if (!ours.persistent || node.messages.at(-1)?.upgrade) break;
  }
  return { accepted, difference: undefined };
}

function compareOne(
  kind: Kind,
  wire: Uint8Array,
  ours: LoggedMessage,
  node: NodeParser,
): Difference | undefined {
  const input = Buffer.from(wire).toString('latin1');
  const differs = (what: Difference['what'], our: string, their: string): Difference => {
    return { what, ours: our, theirs: node.refused ?? their, input, at: ours.start };
  };
  const before = node.messages.length;
  const known = withKnownMethod(kind, wire.subarray(ours.start, ours.headEnd), ours.first);
  node.write(known.head.subarray(0, -1));
  const early = node.messages.length > before;
  node.write(known.head.subarray(-1));
  const theirs = node.messages.at(-1);
  if (early || node.messages.length !== before + 1 || theirs === undefined) {
    return differs('head end', `${ours.headEnd - ours.start}`, early ? 'sooner' : 'later');
  }
  if (theirs.first !== known.first) return differs('first line', known.first, theirs.first);
  const [a, b] = [ours.fields.join('\n'), theirs.fields.join('\n')];
  if (a !== b) return differs('fields', a, b);
  if (theirs.persistent !== ours.persistent) {
    return differs('persistence', `${ours.persistent}`, `${theirs.persistent}`);
  }
  return compareBody(wire, ours, theirs, node, differs);
}

function compareBody(
  wire: Uint8Array,
  ours: LoggedMessage,
  theirs: NodeMessage,
  node: NodeParser,
  differs: (what: Difference['what'], ours: string, theirs: string) => Difference,
): Difference | undefined {
  const length = (message: { body: string }) => `${message.body.length} bytes`;
  if (ours.end < 0) {
    // It was cut, or refused further on: what was passed on until then is compared.
    node.write(wire.subarray(ours.headEnd));
    const same = theirs.body.startsWith(ours.body) || ours.body.startsWith(theirs.body);
    return same ? undefined : differs('body', length(ours), length(theirs));
  }
  if (ours.end > ours.headEnd) {
    node.write(wire.subarray(ours.headEnd, ours.end - 1));
    if (theirs.complete) return differs('end', `${ours.end - ours.start}`, 'sooner');
    node.write(wire.subarray(ours.end - 1, ours.end));
  }
  if (!theirs.complete && ours.end === wire.length) node.end();
  if (!theirs.complete) return differs('end', `${ours.end - ours.start}`, 'later');
  return theirs.body === ours.body ? undefined : differs('body', length(ours), length(theirs));
}

/** Node refuses methods that it does not know; what follows one is compared all the same. */
function withKnownMethod(
  kind: Kind,
  head: Uint8Array,
  first: string,
): { head: Uint8Array; first: string } {
  const method = first.slice(0, first.indexOf(' '));
  if (kind !== 'request' || METHODS.includes(method)) return { head, first };
  const rest = Buffer.from(head.subarray(method.length));
  return { head: Buffer.concat([Buffer.from('POST'), rest]), first: first.replace(method, 'POST') };
}
