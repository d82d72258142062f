/** A module of nginx with the directives that it documents. */
export type NginxModule = {
  readonly name: string;
  readonly directives: readonly string[];
  /** It will not be there; says why. */
  readonly never?: string;
};

/** Names of directives, as one text. */
export function module(name: string, directives: string, never?: string): NginxModule {
  const names = directives.trim().split(/\s+/);
  return { name, directives: names, ...(never !== undefined && { never }) };
}
