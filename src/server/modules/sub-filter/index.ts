import { type BodyFilter, type BodyNext, type Piece, pieceText } from '../../engine/body-filter.ts';
import { typeMatcher } from '../../engine/content-types.ts';
import type { HttpModule } from '../../engine/module.ts';
import type { Request } from '../../engine/request.ts';
import { type Replacement, Replacer } from './replacer.ts';

/** `sub_filter`: texts are replaced in bodies. */
export const subFilterModule: HttpModule = {
  name: 'sub filter',
  location({ conf, headerFilters }, site) {
    if (conf.subFilters.length === 0) return;
    const isMeant = typeMatcher(conf.subFilterTypes);
    const pairs = conf.subFilters.map(({ search, replacement }) => {
      return { search: site.template(search), text: site.template(replacement) };
    });
    headerFilters.push((request) => {
      const { out } = request;
      if (out.contentLength === 0 || !isMeant(out.contentType)) return;
      const replacements: Replacement[] = [];
      for (const { search, text } of pairs) {
        const wanted = search(request).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
        if (wanted !== '') replacements.push({ search: wanted, text: () => text(request) });
      }
      if (replacements.length > 0) replace(request, replacements);
    });
  },
};

function replace(request: Request, replacements: readonly Replacement[]): void {
  const { out, location, isSubrequest } = request;
  const { subFilterOnce, subFilterLastModified } = location.conf;
  if (!isSubrequest) {
    out.bodyChanges();
    if (subFilterLastModified) out.weakenEtag();
    else {
      out.clearLastModified();
      out.clearEtag();
    }
  }
  const replacer = new Replacer(replacements, subFilterOnce);
  request.filterBody((next) => new ReplaceFilter(next, replacer));
}

class ReplaceFilter implements BodyFilter {
  readonly #next: BodyNext;
  readonly #replacer: Replacer;

  constructor(next: BodyNext, replacer: Replacer) {
    this.#next = next;
    this.#replacer = replacer;
  }

  write(piece: Piece): void {
    this.#next.write(this.#replacer.take(pieceText(piece)));
  }

  end(): void {
    this.#next.write(this.#replacer.end());
    this.#next.end();
  }
}
