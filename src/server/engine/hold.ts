/** Something that a request occupies. */
export interface Hold {
  release(): void;
}

/** Gives everything back; the list is empty then. */
export function releaseAll(holds: Hold[]): void {
  for (const hold of holds) hold.release();
  holds.length = 0;
}
