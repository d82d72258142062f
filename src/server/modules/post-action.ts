import type { Template } from '../conf/template.ts';
import type { BodyNext } from '../engine/body-filter.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Site } from '../engine/site.ts';
import { startSubrequest } from '../engine/subrequest.ts';
import type { HeaderFilter } from '../engine/verdict.ts';

const NOWHERE: BodyNext = { write: () => {}, end: () => {} };

/** `post_action`: something else is asked for each request, and its answer goes nowhere. */
export const postActionModule: HttpModule = {
  name: 'post action',
  location: ({ conf, headerFilters }, site) => {
    if (conf.postAction !== undefined) headerFilters.push(afterwards(conf.postAction, site));
  },
};

function afterwards(target: Template, site: Site): HeaderFilter {
  const evaluate = site.template(target);
  return (request) => {
    if (request.isSubrequest) return;
    const [uri = '', args = ''] = evaluate(request).split('?', 2);
    startSubrequest(request, { uri, args, background: true, tail: NOWHERE });
  };
}
