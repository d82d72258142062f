import { editedRequestHead } from '../../http/edited-head.ts';
import type { MessageHead } from '../../http/message-head.ts';
import { requestHead } from '../../http/serializer.ts';
import type { ServerConnection } from '../../http/server-connection.ts';
import type { CompiledRoute } from './compile.ts';
import type { ReceivedRequest } from './received-request.ts';
import type { SessionFace } from './session-face.ts';
import { upgradeLines } from './switching.ts';

/** Whose request is forwarded. */
export interface ForwardedRequestOwner {
  readonly face: SessionFace;
  readonly route: CompiledRoute;
  readonly client: ServerConnection | undefined;
}

/** The head of a request as it goes up. Used again for the next exchange. */
export class ForwardedRequest {
  readonly #owner: ForwardedRequestOwner;
  /** As handlers have seen it, and changed it for this attempt. */
  #seen: ReceivedRequest | undefined;
  /** What of the path is replaced by, where the destination has a path of its own. */
  uri: string | undefined;

  constructor(owner: ForwardedRequestOwner) {
    this.#owner = owner;
  }

  /** Begins an attempt; where handlers are to edit the head, it is a copy that they get. */
  prepare(): ReceivedRequest | undefined {
    const { face, route } = this.#owner;
    const isEdited = route.phases.upstreamRequestFilter !== undefined;
    this.#seen = isEdited ? face.req.copy() : face.seenRequest;
    return this.#seen;
  }

  /** The method, where handlers can have changed it. */
  get ownMethod(): string | undefined {
    return this.#seen?.method;
  }

  /**
   * The head as text. `framing`: the lines of its body, which `isPlain` says is forwarded as it
   * comes. `address` is appended to X-Forwarded-For, where there is one. Throws for what a handler
   * has set to nonsense, such as Host.
   */
  text(hostLine: string, framing: string, isPlain: boolean, address: string): string {
    const { face, route } = this.#owner;
    const { head } = this.#owner.client as ServerConnection;
    const { routed, prefix } = route;
    if (
      isPlain &&
      this.uri === undefined &&
      face.kind === 'request' &&
      (this.#seen?.isAsItCame(routed) ?? !routed)
    ) {
      return requestHead(head, hostLine, address);
    }
    const lines = face.upgrade === undefined ? framing : framing + upgradeLines(face.upgrade);
    const up = this.#seen ?? face.req;
    const host = up.host === undefined ? hostLine : `Host: ${up.host}\r\n`;
    const line = `${up.method} ${up.forwardedTarget(routed, prefix, this.uri)}`;
    return editedRequestHead(line, host, head, up.headers, lines, address);
  }

  /** The exchange is over: from now on the handlers' head shows `left`. */
  leave(left: MessageHead): void {
    this.#seen?.leave(left);
    this.#seen = undefined;
    this.uri = undefined;
  }
}
