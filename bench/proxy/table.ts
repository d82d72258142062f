/** Lines of cells, aligned: the first and the last column to the left, figures to the right. */
export function table(lines: readonly (readonly string[])[]): string {
  const columns = Math.max(...lines.map((line) => line.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const aligned = lines.map((line) =>
    widths.map((width, column) => {
      const cell = line[column] ?? '';
      const toTheLeft = column === 0 || column === columns - 1;
      return toTheLeft ? cell.padEnd(width) : cell.padStart(width);
    }),
  );
  return aligned.map((line) => line.join('  ').trimEnd()).join('\n');
}
