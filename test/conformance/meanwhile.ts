/**
 * Something that a rule lets go on and waits for later. Should the rule fail first, what becomes
 * of the rest is nobody's concern.
 */
export function meanwhile<T>(going: Promise<T>): Promise<T> {
  going.catch(() => {});
  return going;
}
