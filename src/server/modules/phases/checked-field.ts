const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Tabs, and everything that is printed or is beyond ASCII (RFC 9110 §5.5), as latin1. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** They say where a message ends: nobody but the engine knows. */
const FRAMING = new Set(['content-length', 'transfer-encoding', 'connection']);

/** A field as a handler gave it. Throws `TypeError` for one that cannot be sent. */
export function checkField(name: string, value: string): void {
  if (!NAME.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a field`);
  if (!VALUE.test(value)) throw new TypeError(`the value of ${name} has characters of no field`);
  checkOpen(name);
}

/** Throws `TypeError` for a field that handlers leave alone. */
export function checkOpen(name: string): void {
  if (FRAMING.has(name.toLowerCase())) throw new TypeError(`${name} is not for handlers to say`);
}
