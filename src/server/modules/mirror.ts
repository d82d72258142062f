import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import { NOWHERE, startSubrequest } from '../engine/subrequest.ts';
import { NEXT, type Verdict, WAIT } from '../engine/verdict.ts';

/** `mirror`: requests are repeated elsewhere, and nobody looks at the answers. */
export const mirrorModule: HttpModule = {
  name: 'mirror',
  location({ conf, preContent }) {
    const { mirror, mirrorRequestBody } = conf;
    if (mirror.length === 0) return;
    preContent.push((request): Verdict => {
      if (request.isSubrequest) return NEXT;
      if (!mirrorRequestBody) return repeat(request, mirror, false);
      if (request.client?.requestHasBody !== true) return repeat(request, mirror, true);
      const { use } = request;
      request.readBody(() => request.resume(use, repeat(request, mirror, true)));
      return WAIT;
    });
  },
};

function repeat(request: Request, paths: readonly string[], passesBody: boolean): Verdict {
  const { args, method } = request;
  for (const uri of paths) {
    const repeated = startSubrequest(request, {
      uri,
      args,
      method,
      passesBody,
      headerOnly: true,
      background: true,
      tail: NOWHERE,
    });
    if (repeated === undefined) return 500;
  }
  return NEXT;
}
