import { choice, type DirectiveTable, flag } from '../directive.ts';
import { HTTP_SERVER_LOCATION } from './contexts.ts';

/** `autoindex` and its like, `random_index`. */
export const listingDirectives: DirectiveTable = {
  autoindex: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('autoindex'),
  },
  autoindex_format: {
    contexts: HTTP_SERVER_LOCATION,
    args: 1,
    default: 'html',
    read: choice('autoindexFormat', 'html', 'xml', 'json', 'jsonp'),
  },
  autoindex_exact_size: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'on',
    read: flag('autoindexExactSize'),
  },
  autoindex_localtime: {
    contexts: HTTP_SERVER_LOCATION,
    args: 'flag',
    default: 'off',
    read: flag('autoindexLocaltime'),
  },
  random_index: { contexts: ['location'], args: 'flag', default: 'off', read: flag('randomIndex') },
};
