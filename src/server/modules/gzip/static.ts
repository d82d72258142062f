import type { Files } from '../../engine/environment.ts';
import { filePathOf } from '../../engine/file-path.ts';
import { filesOf } from '../../engine/location-files.ts';
import type { HttpModule } from '../../engine/module.ts';
import type { Request } from '../../engine/request.ts';
import { systemError } from '../../engine/system-errors.ts';
import { NEXT, type Verdict } from '../../engine/verdict.ts';
import { answerFile, notDescribed } from '../static-files.ts';
import { mayCompress } from './conditions.ts';

/** `gzip_static`: files that are there compressed. */
export const gzipStaticModule: HttpModule = {
  name: 'gzip static',
  location(location, site) {
    const { gzipStatic } = location.conf;
    if (gzipStatic === 'off') return;
    const pathOf = filePathOf(location, site);
    const files = filesOf(location, site);
    location.content.push((request) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') return NEXT;
      if (request.uri.endsWith('/')) return NEXT;
      const path = pathOf(request);
      return path === undefined
        ? 500
        : serve(request, files, `${path}.gz`, gzipStatic === 'always');
    });
  },
};

function serve(request: Request, files: Files, path: string, always: boolean): Verdict {
  const { out, location } = request;
  const isTaken = always || (!request.isSubrequest && mayCompress(request));
  if (!isTaken && !location.conf.gzipVary) return NEXT;
  const descriptor = files.open(path);
  if (typeof descriptor !== 'number') {
    if (!/^(?:ENOENT|ENOTDIR|ENAMETOOLONG)$/.test(descriptor.code)) {
      request.log('error', `open() "${path}" failed ${systemError(descriptor)}`);
    }
    return NEXT;
  }
  const status = files.statusOf(descriptor);
  if ('code' in status) return notDescribed(request, path, files, descriptor, status);
  if (!always) out.variesByEncoding = location.conf.gzipVary;
  if (!isTaken || !status.isFile) {
    files.close(descriptor);
    return NEXT;
  }
  out.contentEncoding = 'gzip';
  out.add('Content-Encoding', 'gzip');
  return answerFile(request, files, descriptor, status);
}
