import type { HeaderFields, ResponseHead } from '../../../proxy/framework/messages.ts';
import { httpDate } from '../../engine/http-date.ts';
import type { Response } from '../../engine/response.ts';
import { checkField } from './checked-field.ts';

/** Fields that have a place of their own in a response, in lower case. */
type Own = 'content-type' | 'location' | 'last-modified';

const OWN: readonly Own[] = ['content-type', 'last-modified', 'location'];
const SHOWN: Readonly<Record<Own, string>> = {
  'content-type': 'Content-Type',
  location: 'Location',
  'last-modified': 'Last-Modified',
};

/** The head of an answer of a location, as handlers see and change it. */
export class OutgoingHead implements ResponseHead {
  readonly headers: OutgoingFields;
  readonly #out: Response;

  constructor(out: Response) {
    this.#out = out;
    this.headers = new OutgoingFields(out);
  }

  get status(): number {
    return this.#out.status;
  }

  set status(status: number) {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new TypeError(`${status} is no status of an answer`);
    }
    this.#out.status = status;
    this.#out.statusText = '';
  }
}

class OutgoingFields implements HeaderFields {
  readonly #out: Response;

  constructor(out: Response) {
    this.#out = out;
  }

  get(name: string): string | undefined {
    const own = ownOf(name);
    return own === undefined ? this.#out.get(name) : this.#own(own);
  }

  getAll(name: string): readonly string[] {
    const own = ownOf(name);
    if (own === undefined) return this.#out.all(name);
    const value = this.#own(own);
    return value === undefined ? [] : [value];
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  set(name: string, value: string): this {
    checkField(name, value);
    const own = ownOf(name);
    if (own !== undefined) this.#setOwn(own, value);
    else {
      this.#out.remove(name);
      this.#out.add(name, value);
    }
    return this;
  }

  append(name: string, value: string): this {
    if (ownOf(name) !== undefined) return this.set(name, value);
    checkField(name, value);
    this.#out.add(name, value);
    return this;
  }

  delete(name: string): this {
    const own = ownOf(name);
    if (own !== undefined) this.#setOwn(own, '');
    else this.#out.remove(name);
    return this;
  }

  *[Symbol.iterator](): Generator<readonly [name: string, value: string]> {
    for (const own of OWN) {
      const value = this.#own(own);
      if (value !== undefined) yield [SHOWN[own], value];
    }
    for (const line of [...this.#out.lines]) {
      const colon = line.indexOf(':');
      yield [line.slice(0, colon), line.slice(colon + 1, -2).trim()];
    }
  }

  #own(name: Own): string | undefined {
    const { contentType, location, lastModified, lastModifiedText } = this.#out;
    if (name === 'content-type') return contentType === '' ? undefined : contentType;
    if (name === 'location') return location === '' ? undefined : location;
    if (lastModifiedText !== '') return lastModifiedText;
    return lastModified < 0 ? undefined : httpDate(lastModified);
  }

  #setOwn(name: Own, value: string): void {
    const out = this.#out;
    if (name === 'content-type') {
      out.contentType = value;
      out.charset = '';
    } else if (name === 'location') out.location = value;
    else {
      out.clearLastModified();
      out.lastModifiedText = value;
    }
  }
}

function ownOf(name: string): Own | undefined {
  const lower = name.toLowerCase();
  return OWN.find((own) => own === lower);
}
