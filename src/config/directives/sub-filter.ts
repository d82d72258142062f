import { type DirectiveTable, flag, MANY, type Use } from '../directive.ts';
import { HTTP_SERVER_LOCATION } from './contexts.ts';
import { typesOf } from './mime-types.ts';

const FILTERS_MAX = 255;

/** `sub_filter` and what belongs to it. */
export const subFilterDirectives: DirectiveTable = {
  sub_filter: { contexts: HTTP_SERVER_LOCATION, args: 2, read: readFilter },
  sub_filter_once: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'on',
    read: flag('subFilterOnce'),
  },
  sub_filter_last_modified: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('subFilterLastModified'),
  },
  sub_filter_types: {
    contexts: HTTP_SERVER_LOCATION,
    args: [1, MANY],
    default: 'text/html',
    read: typesOf('subFilterTypes'),
  },
};

function readFilter(use: Use): void {
  if (use.first === '') use.fail('empty search pattern');
  const known = (use.scope.values.subFilters as readonly unknown[] | undefined) ?? [];
  if (known.length === FILTERS_MAX) use.fail(`number of search patterns exceeds ${FILTERS_MAX}`);
  const search = use.template(lowered(use.first));
  use.append('subFilters', { search, replacement: use.template(use.args[1]) });
}

function lowered(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
