/** `value` as it is; throws `TypeError` where it is no whole number from `min` to `max`. */
export function wholeNumber(where: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  // Compared with a number, anything else would be a limit that nothing exceeds.
  throw new TypeError(`${where} is ${String(value)}, not a whole number from ${min} to ${max}`);
}

/**
 * Times in milliseconds over their defaults. What is `undefined` has its default: a deadline is
 * never lost by a setting that somebody has left out. Throws `TypeError` for what is no time.
 */
export function checkedTimes<T extends object>(where: string, defaults: T, given: object = {}): T {
  const times: Record<string, number> = { ...(defaults as Record<string, number>) };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!(name in defaults)) throw new TypeError(unknownName(where, name, Object.keys(defaults)));
    times[name] = wholeNumber(`${where}.${name}`, value, 0, Number.MAX_SAFE_INTEGER);
  }
  return times as T;
}

/** Says that a setting has a name that nobody reads. */
export function unknownName(where: string, name: string, known: readonly string[]): string {
  return `${where}: '${name}' is none of ${known.join(', ')}`;
}

/** Throws `TypeError` for the first name that is not known: a misspelt setting does nothing. */
export function checkNames(where: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) throw new TypeError(unknownName(where, name, known));
  }
}
