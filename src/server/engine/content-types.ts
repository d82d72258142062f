/** Tells whether a type is among some; a star stands for any. Parameters of the type do not count. */
export function typeMatcher(types: readonly string[]): (contentType: string) => boolean {
  if (types.includes('*')) return () => true;
  const known = new Set(types.map((type) => type.toLowerCase()));
  return (contentType) => {
    const end = contentType.indexOf(';');
    const bare = end < 0 ? contentType : contentType.slice(0, end);
    return known.has(bare.trimEnd().toLowerCase());
  };
}
