import type { Request } from '../../engine/request.ts';
import type { NameWaiter } from './named-target.ts';

/** A request that goes on once a name is known, unless it is over by then. */
export class WaitingRequest implements NameWaiter {
  readonly #request: Request;
  readonly #known: () => void;
  readonly #use: number;

  constructor(request: Request, known: () => void) {
    this.#request = request;
    this.#known = known;
    this.#use = request.use;
  }

  nameKnown(problem: string | undefined): void {
    const request = this.#request;
    if (request.use !== this.#use || request.client === undefined) return;
    if (problem === undefined) {
      this.#known();
      return;
    }
    request.log('error', problem);
    request.concludeLater(502);
  }
}
