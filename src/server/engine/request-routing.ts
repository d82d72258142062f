import type { ServerConnection } from '../../http/server-connection.ts';
import { timesOf } from './connection-times.ts';
import { logLocation } from './debug-lines.ts';
import { locationFor, PHASE } from './phases.ts';
import { RequestState } from './request-state.ts';
import { escapeUri } from './uri.ts';
import { AGAIN, PASS, type Verdict } from './verdict.ts';

/** Where a request is answered: its server, its location, and how it comes to another one. */
export abstract class RequestRouting extends RequestState {
  protected chooseServer(host: string): void {
    this.host = host;
    const { servers } = this.listener;
    const match = servers.match(host);
    this.server = match?.server ?? servers.fallback;
    if (match?.captures !== undefined) this.captured(match.captures);
    this.location = this.server.location;
  }

  /** Keeps what a regular expression has captured, by number and by name. */
  captured(captures: RegExpExecArray): void {
    this.site.variables.keepCaptured(this, captures);
  }

  /** For the phases: the location that the URI belongs to. */
  findLocation(): Verdict {
    this.isLocationValid = true;
    const { tree } = this.server.location;
    const found = tree.find(this.uri, this);
    const location = found ?? this.server.location;
    if (location.conf.internal && !this.internal) return 404;
    if (!location.autoRedirect || location.conf.match === 'regex') {
      const slashed = tree.withSlash(this.uri);
      if (slashed !== undefined && found?.conf.match !== 'exact') {
        this.location = slashed;
        this.out.location = `${escapeUri(this.uri)}/${this.args === '' ? '' : `?${this.args}`}`;
        return 301;
      }
    }
    this.location = locationFor(location, this.method);
    this.#useTimes();
    if (this.isDebugged || this.location.takesDebug) logLocation(this);
    return this.#checkBodySize();
  }

  /** The connection waits as the location says. */
  #useTimes(): void {
    const { location } = this;
    if (this.isSubrequest) return;
    location.times ??= timesOf(location.conf, this.listener.shared.timeouts.headMs);
    const client = this.client as ServerConnection;
    client.timeouts = location.times;
    client.lingersAlways = location.conf.lingeringClose === 'always';
  }

  #checkBodySize(): Verdict {
    const { head } = this.client as ServerConnection;
    const { clientMaxBodySize } = this.location.conf;
    if (head.framing !== 'length' || clientMaxBodySize === 0 || this.intake.taken) return PASS;
    if (head.contentLength <= clientMaxBodySize) return PASS;
    this.log('error', `client intended to send too large body: ${head.contentLength} bytes`);
    this.intake.discard(false);
    return 413;
  }

  /** One change of the URI more. `false`: too many. */
  countChange(): boolean {
    if (this.changesLeft === 0) {
      this.log('error', `rewrite or internal redirection cycle while processing "${this.uri}"`);
      return false;
    }
    this.changesLeft -= 1;
    return true;
  }

  /** Sends the request to another location, which answers instead of this one. */
  redirect(uri: string, args: string): Verdict {
    if (!this.countChange()) return 500;
    this.uri = uri;
    this.args = args;
    this.addsUriToAlias = false;
    this.isAsReceived = false;
    this.internal = true;
    this.location = this.server.location;
    this.phases.enter(PHASE.serverRewrite);
    return AGAIN;
  }

  /** The same for a location by name: the URI stays. */
  redirectTo(name: string): Verdict {
    if (!this.countChange()) return 500;
    const location = this.server.location.tree.named(name);
    if (location === undefined) {
      this.log('error', `could not find named location "${name}"`);
      return 500;
    }
    this.internal = true;
    this.location = location;
    this.phases.enter(PHASE.rewrite);
    return AGAIN;
  }

  /** The type of a file by its extension, as the location says. */
  typeOf(path: string): string {
    const { types, defaultType } = this.location.conf;
    const dot = path.lastIndexOf('.');
    if (dot < 0 || dot < path.lastIndexOf('/')) return defaultType;
    return types.get(path.slice(dot + 1).toLowerCase()) ?? defaultType;
  }
}
