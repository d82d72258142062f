import type { Endpoint } from '../../../core/endpoint.ts';
import { parseEndpoint } from '../../../net/address.ts';
import { IoError } from '../../../net/io-error.ts';
import type { StreamServerConf } from '../../conf/stream-conf.ts';
import type { Template } from '../../conf/template.ts';
import { type Evaluate, hasVariables } from '../../engine/templates.ts';
import type { NamedTarget } from '../../modules/proxy/named-target.ts';
import { sizeOf } from '../rate-text.ts';
import type { StreamSession } from '../stream-session.ts';
import type { StreamSite } from '../stream-site.ts';
import type { StreamTarget, StreamTargets } from './targets.ts';

/** `proxy_pass` of one server: what its sessions share. */
export class StreamProxy {
  readonly conf: StreamServerConf;
  readonly #targets: StreamTargets;
  readonly #to: Evaluate<StreamSession>;
  readonly #fixed: StreamTarget | undefined;
  readonly #bind: Evaluate<StreamSession> | undefined;
  readonly #upload: Evaluate<StreamSession>;
  readonly #download: Evaluate<StreamSession>;

  /** Throws where there is no such target. */
  constructor(site: StreamSite, conf: StreamServerConf, to: Template, targets: StreamTargets) {
    this.conf = conf;
    this.#targets = targets;
    this.#to = site.template(to);
    this.#fixed = hasVariables(to) ? undefined : targets.fixed(String(to));
    this.#bind = conf.proxyBind === 'off' ? undefined : site.template(conf.proxyBind);
    this.#upload = site.template(conf.proxyUploadRate);
    this.#download = site.template(conf.proxyDownloadRate);
  }

  /** A text: what is wrong with what the variables have made. */
  target(session: StreamSession): StreamTarget | NamedTarget | string {
    return this.#fixed ?? this.#targets.stray(this.#to(session), this.conf);
  }

  /** Where connections to servers come from. */
  localOf(session: StreamSession): Endpoint | undefined {
    const text = this.#bind?.(session) ?? '';
    if (text === '') return undefined;
    try {
      return parseEndpoint(text, { port: 0 });
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
      session.log('error', `invalid local address "${text}"`);
      return undefined;
    }
  }

  /** Bytes per second; 0 is any number. */
  uploadRate(session: StreamSession): number {
    return sizeOf(this.#upload(session));
  }

  downloadRate(session: StreamSession): number {
    return sizeOf(this.#download(session));
  }
}
