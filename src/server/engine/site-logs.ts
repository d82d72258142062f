import type { ServerConnection } from '../../http/server-connection.ts';
import type { LocationConf } from '../conf/location-conf.ts';
import type { LogLevel } from '../conf/log-conf.ts';
import { AddressSet } from '../shared/address-table.ts';
import { IpKey } from '../shared/ip-key.ts';
import type { Environment, ErrorLog } from './environment.ts';
import type { Request } from './request.ts';
import { requestContext } from './request-context.ts';

/** The error logs of a site, each found once for the locations that write to it. */
export class SiteLogs {
  readonly #environment: Environment;
  readonly #logs = new Map<LocationConf, ErrorLog>();
  /** Clients of whom everything is logged. */
  readonly #debugged: AddressSet | undefined;
  readonly #key = new IpKey();

  /** `debugged`: networks (`debug_connection`). */
  constructor(environment: Environment, debugged: readonly string[]) {
    this.#environment = environment;
    this.#debugged = debugged.length === 0 ? undefined : new AddressSet(debugged);
  }

  of(conf: LocationConf): ErrorLog {
    let log = this.#logs.get(conf);
    if (log === undefined) {
      log = this.#environment.errorLog(conf.errorLogs);
      this.#logs.set(conf, log);
    }
    return log;
  }

  /** A message about a request, in the log of its location. */
  request(request: Request, level: LogLevel, text: string): void {
    const log = this.of(request.location.conf);
    const always = request.isDebugged;
    if (always || log.takes(level)) log.write(level, requestContext(request, text), always);
  }

  /** A message about a connection that has no request. */
  connection(
    connection: ServerConnection,
    conf: LocationConf,
    level: LogLevel,
    text: string,
  ): void {
    const log = this.of(conf);
    if (log.takes(level)) log.write(level, `*${connection.number} ${text}`);
  }

  /** Is everything of this client to be logged? */
  debugs(client: ServerConnection): boolean {
    if (this.#debugged === undefined) return false;
    return this.#debugged.has(this.#key.read(client.address));
  }
}
