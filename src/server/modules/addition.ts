import type { BodyFilter, BodyNext, Piece } from '../engine/body-filter.ts';
import { typeMatcher } from '../engine/content-types.ts';
import type { HttpModule } from '../engine/module.ts';
import { OrderedBody } from '../engine/ordered-body.ts';

/** `add_before_body`, `add_after_body`: answers to other requests around the body. */
export const additionModule: HttpModule = {
  name: 'addition',
  location({ conf, headerFilters }) {
    if (conf.addBeforeBody === '' && conf.addAfterBody === '') return;
    const isMeant = typeMatcher(conf.additionTypes);
    headerFilters.push((request) => {
      const { out, isSubrequest } = request;
      if (out.status !== 200 || isSubrequest || !isMeant(out.contentType)) return;
      out.bodyChanges();
      out.weakenEtag();
      let filter: AdditionFilter | undefined;
      request.filterBody((next) => {
        filter = new AdditionFilter(next, conf.addBeforeBody, conf.addAfterBody);
        return filter;
      });
      request.filterBody((next) => {
        const order = new OrderedBody(request, next);
        if (filter !== undefined) filter.order = order;
        return order;
      });
    });
  },
};

class AdditionFilter implements BodyFilter {
  order!: OrderedBody;
  readonly #next: BodyNext;
  #before: string;
  readonly #after: string;

  constructor(next: BodyNext, before: string, after: string) {
    this.#next = next;
    this.#before = before;
    this.#after = after;
  }

  write(piece: Piece): void {
    this.#begin();
    this.#next.write(piece);
  }

  end(): void {
    this.#begin();
    if (this.#after !== '') this.order.include({ uri: this.#after, args: '' });
    this.#next.end();
  }

  #begin(): void {
    const uri = this.#before;
    this.#before = '';
    if (uri !== '') this.order.include({ uri, args: '' });
  }
}
