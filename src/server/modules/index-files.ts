import type { Template } from '../conf/template.ts';
import type { FileError, Files } from '../engine/environment.ts';
import { filePathOf } from '../engine/file-path.ts';
import { filesOf } from '../engine/location-files.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import { systemError } from '../engine/system-errors.ts';
import { NEXT, type Verdict } from '../engine/verdict.ts';

/** `index`: what a path with a slash at its end is answered with. */
export const indexFilesModule: HttpModule = {
  name: 'index',
  location(location, site) {
    const names = location.conf.index.map((name: Template) => site.template(name));
    const pathOf = filePathOf(location, site);
    const files = filesOf(location, site);
    location.content.push((request): Verdict => {
      if (!request.uri.endsWith('/')) return NEXT;
      if (!/^(?:GET|HEAD|POST)$/.test(request.method)) return NEXT;
      let directory: string | undefined;
      for (const evaluate of names) {
        const name = evaluate(request);
        if (name.startsWith('/')) return request.redirect(name, request.args);
        const isFirst = directory === undefined;
        directory ??= pathOf(request);
        if (directory === undefined) return 500;
        const status = files.status(directory + name);
        if (!('code' in status)) return request.redirect(request.uri + name, request.args);
        const verdict = missing(request, directory + name, status);
        if (verdict !== NEXT) return verdict;
        const above = isFirst ? checkDirectory(request, files, directory, name) : NEXT;
        if (above !== NEXT) return above;
      }
      return NEXT;
    });
  },
};

/** `NEXT`: the file is not there, and there may be another one. */
function missing(request: Request, path: string, error: FileError): Verdict {
  switch (error.code) {
    case 'ENOENT':
      return NEXT;
    case 'ELOOP':
      return 403;
    case 'EACCES':
      request.log('error', `"${path}" is forbidden ${systemError(error)}`);
      return 403;
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
      return notFound(request, path, error);
    default:
      request.log('crit', `stat() "${path}" failed ${systemError(error)}`);
      return 500;
  }
}

function notFound(request: Request, path: string, error: FileError): Verdict {
  if (request.location.conf.logNotFound) {
    request.log('error', `"${path}" is not found ${systemError(error)}`);
  }
  return 404;
}

/** Without a directory there is nothing that could be forbidden. */
function checkDirectory(request: Request, files: Files, directory: string, name: string): Verdict {
  const bare = directory.length > 1 && directory.endsWith('/') ? directory.slice(0, -1) : directory;
  const status = files.status(bare);
  if ('code' in status) {
    if (status.code === 'ENOENT') return notFound(request, directory + name, status);
    if (status.code === 'EACCES') return NEXT;
    request.log('crit', `stat() "${bare}" failed ${systemError(status)}`);
    return status.code === 'ELOOP' ? 403 : 500;
  }
  if (status.isDirectory) return NEXT;
  request.log('alert', `"${bare}" is not a directory`);
  return 500;
}
