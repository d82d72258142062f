const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 * 1024 };

/** Bytes of a text like `10k`, as variables may give it; 0 for what is no size. */
export function sizeOf(text: string): number {
  const found = /^(\d{1,12})([kKmM]?)$/.exec(text);
  return found === null ? 0 : Number(found[1]) * (UNITS[(found[2] as string).toLowerCase()] ?? 1);
}
