/**
 * The head of an answer before it is written. Fields that have a place of their own are properties,
 * all others are lines, in the order in which they were set.
 */
export class Response {
  status = 0;
  /** Instead of the usual phrase: what an upstream said, `200 Fine`. */
  statusText = '';
  contentType = '';
  /** Appended to the type: `utf-8`. */
  charset = '';
  /** A set of characters that a server has asked for instead of the location's. */
  charsetInstead = '';
  /** Bytes of the body; -1: not known beforehand. */
  contentLength = -1;
  /** Seconds since 1970; -1: not known. */
  lastModified = -1;
  /** As it was received, where it is passed on. */
  lastModifiedText = '';
  /** The value of Location. */
  location = '';
  etag = '';
  /** Parts of the body may be asked for. */
  allowsRanges = false;
  /** Parts are cut out of the body as it comes: one at most. */
  singleRange = false;
  /** Another client may get it in another encoding: that is said. */
  variesByEncoding = false;
  /** Encoded already: nobody compresses it again. */
  contentEncoding = '';
  /** Complete field lines, each with its CRLF. */
  readonly lines: string[] = [];

  reset(): void {
    this.status = 0;
    this.statusText = '';
    this.contentType = '';
    this.charset = '';
    this.charsetInstead = '';
    this.contentLength = -1;
    this.lastModified = -1;
    this.lastModifiedText = '';
    this.location = '';
    this.etag = '';
    this.allowsRanges = false;
    this.singleRange = false;
    this.variesByEncoding = false;
    this.contentEncoding = '';
    // As whoever sets the length pays for a call, even if nothing changes.
    if (this.lines.length > 0) this.lines.length = 0;
  }

  add(name: string, value: string): void {
    this.lines.push(`${name}: ${value}\r\n`);
  }

  /** The value of the first field of this name; `name` in any case. */
  get(name: string): string | undefined {
    const line = this.lines.find((one) => isOf(one, name));
    return line === undefined ? undefined : valueIn(line, name);
  }

  /** All values of a name, in their order. */
  all(name: string): readonly string[] {
    return this.lines.filter((line) => isOf(line, name)).map((line) => valueIn(line, name));
  }

  remove(name: string): void {
    const { lines } = this;
    let kept = 0;
    for (let i = 0; i < lines.length; i += 1) {
      const line = lines[i] as string;
      if (isOf(line, name)) continue;
      lines[kept] = line;
      kept += 1;
    }
    lines.length = kept;
  }

  /** What does not hold for another body, or for none, is taken back. */
  clearLength(): void {
    this.contentLength = -1;
  }

  clearRanges(): void {
    this.allowsRanges = false;
    this.remove('Accept-Ranges');
  }

  /** The body will be another one than the fields say. */
  bodyChanges(): void {
    this.clearLength();
    this.clearRanges();
  }

  /** What was said of the original body is said of something like it. */
  weakenEtag(): void {
    if (this.etag === '' || this.etag.startsWith('W/')) return;
    const weak = this.etag.startsWith('"') ? `W/${this.etag}` : '';
    const index = this.lines.findIndex((line) => isOf(line, 'ETag'));
    if (index >= 0 && weak !== '') this.lines[index] = `ETag: ${weak}\r\n`;
    else this.remove('ETag');
    this.etag = weak;
  }

  clearLastModified(): void {
    this.lastModified = -1;
    this.lastModifiedText = '';
  }

  clearEtag(): void {
    this.etag = '';
    this.remove('ETag');
  }
}

function isOf(line: string, name: string): boolean {
  return (
    line.charCodeAt(name.length) === 0x3a &&
    line.slice(0, name.length).toLowerCase() === name.toLowerCase()
  );
}

function valueIn(line: string, name: string): string {
  return line.slice(name.length + 1, -2).trim();
}
