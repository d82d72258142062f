import type { ClientConnection } from '../../../http/client-connection.ts';
import type { MessageHead } from '../../../http/message-head.ts';
import type { ServerConnection } from '../../../http/server-connection.ts';
import type { ProxyError } from '../../../proxy/proxy-error.ts';
import type { Location } from '../../engine/location.ts';
import type { Request, UpstreamSide } from '../../engine/request.ts';
import type { Site } from '../../engine/site.ts';
import { type Destination, destinationOf } from './destination.ts';
import { failureText } from './failures.ts';
import { RequestHead } from './request-head.ts';
import { ResponseFields } from './response-fields.ts';
import type { Upstreams } from './upstreams.ts';

/** What `proxy_pass` of one location does with its requests. */
export class ProxyExchange implements UpstreamSide {
  readonly #location: Location;
  readonly #destinationOf: (request: Request) => Destination | number;
  readonly #head: RequestHead;
  readonly #fields: ResponseFields;

  constructor(location: Location, site: Site, upstreams: Upstreams) {
    this.#location = location;
    this.#destinationOf = destinationOf(location.conf, site, upstreams);
    this.#head = new RequestHead(location.conf, site);
    this.#fields = new ResponseFields(location.conf, site);
  }

  begin(request: Request): void {
    request.side = this;
    const { conf } = this.#location;
    const client = request.client as ServerConnection;
    if (client.requestHasBody && conf.proxyRequestBuffering && !request.body.isWhole) {
      request.readBody(() => this.#connect(request));
      return;
    }
    this.#connect(request);
  }

  #connect(request: Request): void {
    const destination = this.#destinationOf(request);
    if (typeof destination === 'number') {
      request.concludeLater(destination);
      return;
    }
    request.destination = destination;
    request.attempts.tries = 0;
    request.attempts.target = destination.target;
    request.nextServer();
  }

  ready(request: Request, upstream: ClientConnection): void {
    request.attachUpstream(upstream);
    request.sendUp(this.#head.text(request));
    request.body.sendTo(upstream);
  }

  responseHead(request: Request, head: MessageHead): void {
    const { conf } = this.#location;
    request.attempts.headMs = request.site.port.loop.turnMs;
    if (conf.proxyInterceptErrors && isIntercepted(request, head.status)) {
      request.dropUpstream();
      request.concludeLater(head.status);
      return;
    }
    this.#fields.copy(request, head);
    request.writeHead();
  }

  attemptFailed(request: Request, error: ProxyError, repeats: boolean): void {
    request.log('error', failureText(error));
    if (repeats) request.nextServer();
    else request.concludeLater(error.status);
  }

  connectFailed(request: Request, error: ProxyError): void {
    request.log('error', failureText(error));
    request.nextServer();
  }

  noServer(request: Request): void {
    request.log('error', 'no live upstreams while connecting to upstream');
    request.concludeLater(502);
  }
}

/** Is there an error page for what the server has said? */
function isIntercepted({ location }: Request, status: number): boolean {
  if (status < 300) return false;
  return location.conf.errorPages.some(({ statuses }) => statuses.includes(status));
}
