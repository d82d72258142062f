const BOM = '\uFEFF';

/**
 * Calls `line` with the words of each line, comments left out; lines without words are passed over.
 * `comments`: the characters that begin one where a word could begin. Lines end with LF, CRLF or CR.
 */
export function eachLine(
  text: string,
  comments: RegExp,
  line: (words: readonly string[]) => void,
): void {
  let at = text.startsWith(BOM) ? 1 : 0;
  while (at < text.length) {
    const found = text.indexOf('\n', at);
    const end = found < 0 ? text.length : found;
    const words = wordsOf(text.slice(at, end), comments);
    if (words.length > 0) line(words);
    at = end + 1;
  }
}

function wordsOf(line: string, comments: RegExp): readonly string[] {
  const comment = line.search(comments);
  return (comment < 0 ? line : line.slice(0, comment)).match(/[^ \t\r\f\v]+/g) ?? [];
}
