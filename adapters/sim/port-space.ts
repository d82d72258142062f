/** The ephemeral range, Linux's `ip_local_port_range`. */
export const EPHEMERAL_FIRST = 32_768;
export const EPHEMERAL_LAST = 60_999;

/** Hands out ephemeral ports in turn, the ones that were given back included. */
export class PortSpace {
  #next = EPHEMERAL_FIRST;

  /** The next port that `isFree`; `undefined` when all 28,232 are taken. */
  choose(isFree: (port: number) => boolean): number | undefined {
    for (let tries = EPHEMERAL_LAST - EPHEMERAL_FIRST; tries >= 0; tries -= 1) {
      const port = this.#next;
      this.#next = port === EPHEMERAL_LAST ? EPHEMERAL_FIRST : port + 1;
      if (isFree(port)) return port;
    }
    return undefined;
  }
}
