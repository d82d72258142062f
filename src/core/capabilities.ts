/**
 * What an adapter can do, as data. The conformance suite may expect another value because of a
 * capability; it never skips a case silently.
 */
export type Capabilities = {
  /** Does `peek` look into the kernel's buffer, or at bytes that were already taken out of it? */
  readonly peek: 'kernel' | 'user-space';
  /** Do received bytes go straight from the kernel into a caller's buffers, or through another? */
  readonly receive: 'direct' | 'copied';
  /** Most buffers that one gathered write takes. */
  readonly gatherMax: number;
  /** How well the progress of a send that was cut short is known. */
  readonly sendProgress: 'exact' | 'range';
  /** Are a file's bytes moved by the kernel, or read and written? */
  readonly transmit: 'kernel' | 'copied';
  /** Does `splice` move a stream's bytes inside the kernel, or is there none? */
  readonly splice: 'kernel' | 'none';
  /** What happens to datagrams that nobody receives: the kernel keeps some, or a bounded queue. */
  readonly datagramPressure: 'kernel' | 'queue';
  /** Sockets that report ICMP errors. */
  readonly icmp: 'all' | 'connected' | 'none';
  /** Is the true size of a datagram known that was larger than its buffer? */
  readonly datagramTrueSize: boolean;
  /** Can a descriptor be given away, unharmed? */
  readonly detach: boolean;
  /** Can a descriptor be taken over that somebody else has made? */
  readonly adopt: boolean;
  /** Can the first bytes of a connection go with its SYN (RFC 7413), where the system allows it? */
  readonly fastOpen: boolean;
  /** Can a listener that several ports share leave those in peace that accept nothing? */
  readonly exclusiveAccept: boolean;
  /** Does the system share one port among several listeners (SO_REUSEPORT)? */
  readonly reusePort: boolean;
};
