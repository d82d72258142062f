import type { Location } from '../engine/location.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import type { Site } from '../engine/site.ts';
import { NOWHERE, startSubrequest } from '../engine/subrequest.ts';
import { type Handler, PASS, type Verdict, WAIT } from '../engine/verdict.ts';

/** `auth_request`: the answer to another request says whether this one is let in. */
export const authRequestModule: HttpModule = {
  name: 'auth request',
  location(location, site) {
    for (const { variable } of location.conf.authRequestSet) {
      site.variables.defineSettable(variable);
    }
    if (location.conf.authRequest !== '') location.access.push(handlerOf(location, site));
  },
};

function handlerOf(location: Location, site: Site): Handler {
  const { authRequest: uri, authRequestSet } = location.conf;
  const sets = authRequestSet.map(({ variable, value }) => {
    return { variable: site.variables.find(variable), evaluate: site.template(value) };
  });
  return (request): Verdict => {
    const { use } = request;
    let verdict: Verdict | undefined;
    let isWaiting = false;
    const ended = (asked: Request): void => {
      // Values are of what was asked, and for who asked.
      for (const { variable, evaluate } of sets) variable.set?.(request, evaluate(asked));
      verdict = verdictOf(request, asked);
      if (isWaiting) request.resume(use, verdict);
    };
    const asked = startSubrequest(request, {
      uri,
      args: '',
      headerOnly: true,
      tail: NOWHERE,
      ended,
    });
    if (asked === undefined) return 500;
    if (verdict !== undefined) return verdict;
    isWaiting = true;
    return WAIT;
  };
}

function verdictOf(request: Request, { status, out }: Request): Verdict {
  if (status === 403) return 403;
  if (status === 401) {
    for (const challenge of out.all('WWW-Authenticate')) {
      request.out.add('WWW-Authenticate', challenge);
    }
    return 401;
  }
  if (status >= 200 && status < 300) return PASS;
  request.log('error', `auth request unexpected status: ${status}`);
  return 500;
}
