/** One record of an answer. A name is text without escapes, or the bytes as they are to be sent. */
export type ReplyRecord = {
  readonly owner: string | Uint8Array;
  readonly type: number;
  readonly ttl: number;
  readonly data: Uint8Array;
  readonly classCode?: number;
};

export type ReplyOptions = {
  readonly id?: number;
  /** The third and fourth byte of the header: by default QR, RD and RA. */
  readonly flags?: number;
  readonly question?: Uint8Array;
  /** What the header says; by default as many as there are. */
  readonly answerCount?: number;
};

/** Labels as they stand, and the root. */
export function wireName(text: string): Buffer {
  const labels = text === '' ? [] : text.split('.');
  const parts = labels.map((label) =>
    Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
  );
  return Buffer.concat([...parts, Buffer.from([0])]);
}

export function a(owner: string | Uint8Array, address: string, ttl = 60): ReplyRecord {
  return { owner, type: 1, ttl, data: Buffer.from(address.split('.').map(Number)) };
}

export function cname(
  owner: string | Uint8Array,
  target: string | Uint8Array,
  ttl = 60,
): ReplyRecord {
  const data = typeof target === 'string' ? wireName(target) : target;
  return { owner, type: 5, ttl, data };
}

/** A response to `query` with these records in its answer section, nothing compressed. */
export function replyTo(
  query: Uint8Array,
  records: readonly ReplyRecord[],
  options: ReplyOptions = {},
): Buffer {
  const { question = query.subarray(12), flags = 0x8180, answerCount = records.length } = options;
  const header = Buffer.alloc(12);
  header.writeUInt16BE(options.id ?? Buffer.from(query).readUInt16BE(0), 0);
  header.writeUInt16BE(flags, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answerCount, 6);
  return Buffer.concat([header, question, ...records.map(wireRecord)]);
}

function wireRecord({ owner, type, ttl, data, classCode = 1 }: ReplyRecord): Buffer {
  const name = typeof owner === 'string' ? wireName(owner) : owner;
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(classCode, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([name, fixed, data]);
}
