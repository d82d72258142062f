import { connect, createSecureContext, TLSSocket } from 'node:tls';
import { duplexOf } from './duplex.ts';
import { IoError } from './io-error.ts';
import { eventOf, SecureStream, type TlsSession } from './secure-stream.ts';
import type { Stream } from './stream.ts';
import type { WaitOptions } from './wait.ts';

/** How long a peer may take to read the alert of a handshake that failed, in milliseconds. */
const ALERT_LINGER_MS = 1_000;

/** A key and its certificate chain, PEM. */
export type TlsIdentity = { readonly key: string; readonly certificate: string };

export type TlsClientOptions = WaitOptions & {
  /** The name to ask for and to verify; without it there is no SNI. */
  readonly serverName?: string;
  /** PEM; instead of the well-known authorities. */
  readonly authorities?: string;
  readonly identity?: TlsIdentity;
  /** In order of preference (RFC 7301). */
  readonly alpn?: readonly string[];
  /** `false` accepts any certificate: see `session.authorized`. */
  readonly verify?: boolean;
};

/** What a server shows to its clients; made once and used for every connection. */
export interface TlsServer {
  /** Answers the handshake that the client of `stream` begins. */
  secure(stream: Stream, options?: WaitOptions): Promise<SecureStream>;
}

export type TlsServerOptions = {
  readonly identity: TlsIdentity;
  readonly alpn?: readonly string[];
  /** PEM: asks clients for a certificate that one of these has signed. */
  readonly clientAuthorities?: string;
};

/** The TLS seam: upgrades a stream. The stream is the secure one's from then on. */
export interface Tls {
  /** Throws when the identity cannot be used. */
  server(options: TlsServerOptions): TlsServer;
  client(stream: Stream, options: TlsClientOptions): Promise<SecureStream>;
}

/** TLS by Node's own OpenSSL. */
export function nodeTls(): Tls {
  return { server, client };
}

async function client(stream: Stream, options: TlsClientOptions): Promise<SecureStream> {
  options.signal?.throwIfAborted();
  const { serverName, authorities, identity, alpn } = options;
  const socket = connect({
    socket: duplexOf(stream),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(authorities === undefined ? {} : { ca: authorities }),
    ...(identity === undefined ? {} : { key: identity.key, cert: identity.certificate }),
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    rejectUnauthorized: options.verify ?? true,
  });
  return handshake(stream, socket, 'secureConnect', options);
}

function server({ identity, alpn, clientAuthorities }: TlsServerOptions): TlsServer {
  const requestCert = clientAuthorities !== undefined;
  const secureContext = createSecureContext({
    key: identity.key,
    cert: identity.certificate,
    ...(requestCert ? { ca: clientAuthorities } : {}),
  });
  return {
    async secure(stream, options = {}) {
      options.signal?.throwIfAborted();
      const socket = new TLSSocket(duplexOf(stream), {
        isServer: true,
        secureContext,
        requestCert,
        rejectUnauthorized: requestCert,
        ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
      });
      return handshake(stream, socket, 'secure', options);
    },
  };
}

/**
 * A handshake that is given up resets the connection; one that fails delivers its alert first
 * (RFC 8446 §6.2).
 */
async function handshake(
  stream: Stream,
  socket: TLSSocket,
  event: 'secureConnect' | 'secure',
  options: WaitOptions,
): Promise<SecureStream> {
  try {
    await eventOf(stream.port, socket, 'handshake', [event], options);
  } catch (error) {
    socket.on('error', () => {}); // It was told already; what follows is only its echo.
    const failed = error instanceof IoError && error.code === 'tls';
    const closed = stream.close({ how: failed ? 'graceful' : 'reset', lingerMs: ALERT_LINGER_MS });
    socket.destroy();
    await closed.catch(() => {}); // The alert is a courtesy.
    throw error;
  }
  return new SecureStream(stream.port, socket, sessionOf(socket));
}

function sessionOf(socket: TLSSocket): TlsSession {
  const { alpnProtocol, servername } = socket as TLSSocket & { servername?: string | false };
  return {
    protocol: socket.getProtocol() ?? undefined,
    alpn: alpnProtocol || undefined,
    serverName: servername || undefined,
    authorized: socket.authorized,
    peerCertificate: socket.getPeerX509Certificate()?.raw,
  };
}
