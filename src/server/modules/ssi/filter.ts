import { HOLD } from '../../engine/body-chain.ts';
import { type BodyFilter, type BodyNext, type Piece, pieceText } from '../../engine/body-filter.ts';
import type { OrderedBody } from '../../engine/ordered-body.ts';
import type { Request } from '../../engine/request.ts';
import { runCommand } from './commands.ts';
import { USUAL_FORMAT } from './dates.ts';
import { type SsiCommand, type SsiListener, SsiScanner } from './scanner.ts';
import { sharedOf } from './shared.ts';
import { SsiError } from './values.ts';

/** Characters of all blocks of a request. */
const BLOCKS_LENGTH_MAX = 1024 * 1024;

/** Follows the commands of one page. */
export class SsiFilter implements BodyFilter, SsiListener {
  readonly request: Request;
  readonly #next: BodyNext;
  readonly #scanner: SsiScanner;
  /** Set before the first piece comes. */
  order!: OrderedBody;
  /** Is what comes shown, or in a branch that was not chosen? */
  shows = true;
  /** A branch of the current `if` was chosen. */
  hasChosen = false;
  conditional: 'none' | 'if' | 'else' = 'none';
  /** The block that is being read: it is kept, not shown. */
  block: string | undefined;
  encoding: 'entity' | 'url' | 'none' = 'entity';
  errorText = '[an error occurred while processing the directive]';
  timeFormat: string = USUAL_FORMAT;
  readonly #isWaiting = (): boolean => this.#waits;
  #waits = false;
  #pending = '';
  #ended = false;
  #busy = false;

  constructor(request: Request, next: BodyNext) {
    this.request = request;
    this.#next = next;
    this.#scanner = new SsiScanner(this, request.location.conf.ssiValueLength);
  }

  write(piece: Piece): void {
    const text = pieceText(piece);
    if (this.#waits || this.#busy) this.#pending += text;
    else this.#take(text);
  }

  end(): void {
    this.#ended = true;
    if (!this.#waits && !this.#busy) this.#finish();
  }

  /** Nothing of the page goes on until `resume`. */
  wait(): void {
    this.#waits = true;
    this.request.holdFor(HOLD.filter);
  }

  resume(): void {
    this.#waits = false;
    if (this.#busy) return;
    const text = this.#pending;
    this.#pending = '';
    this.#take(text);
    if (this.#waits) return;
    this.request.releaseFor(HOLD.filter);
    if (this.#ended && !this.#waits) this.#finish();
  }

  stop(): void {
    this.#waits = true;
    this.#pending = '';
  }

  text(text: string): void {
    if (this.shows) this.#next.write(text);
    else if (this.block !== undefined) this.#keep(text);
  }

  command(command: SsiCommand): void {
    try {
      if (!this.shows && this.block !== undefined && command.name !== 'endblock') {
        this.#keep(commandText(command));
      } else runCommand(this, command);
    } catch (error) {
      if (!(error instanceof SsiError)) throw error;
      this.malformed(error.message);
    }
  }

  malformed(why: string): void {
    this.request.log('error', why);
    if (!this.request.location.conf.ssiSilentErrors) this.#next.write(this.errorText);
  }

  #take(text: string): void {
    this.#busy = true;
    let rest = text;
    do {
      rest = this.#scanner.take(rest, this.#isWaiting);
      rest += this.#pending;
      this.#pending = '';
    } while (rest !== '' && !this.#waits);
    this.#pending = rest;
    this.#busy = false;
  }

  #keep(text: string): void {
    const { blocks } = sharedOf(this.request);
    let length = text.length;
    for (const block of blocks.values()) length += block.length;
    if (length > BLOCKS_LENGTH_MAX) throw new SsiError('too long blocks');
    const name = this.block ?? '';
    blocks.set(name, (blocks.get(name) ?? '') + text);
  }

  #finish(): void {
    this.#ended = false;
    this.#scanner.end();
    this.#next.end();
  }
}

function commandText({ name, parameters }: SsiCommand): string {
  const words = parameters.map(([key, value]) => ` ${key}="${value}"`);
  return `<!--#${name}${words.join('')} -->`;
}
