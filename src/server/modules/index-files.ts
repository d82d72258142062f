import type { Template } from '../conf/template.ts';
import { filePathOf } from '../engine/file-path.ts';
import type { HttpModule } from '../engine/module.ts';
import { systemError } from '../engine/system-errors.ts';
import { NEXT, type Verdict } from '../engine/verdict.ts';

/** `index`: what a path with a slash at its end is answered with. */
export const indexFilesModule: HttpModule = {
  name: 'index',
  location(location, site) {
    const names = location.conf.index.map((name: Template) => site.template(name));
    const path = filePathOf(location, site);
    const { files } = site.environment;
    location.content.push((request): Verdict => {
      if (!request.uri.endsWith('/')) return NEXT;
      if (!/^(?:GET|HEAD|POST)$/.test(request.method)) return NEXT;
      const directory = path(request);
      for (const evaluate of names) {
        const name = evaluate(request);
        if (name.startsWith('/')) return request.redirect(name, request.args);
        const status = files.status(directory + name);
        if ('code' in status) {
          if (status.code === 'ENOENT') continue;
          if (status.code === 'EACCES') {
            request.log('error', `"${directory}${name}" is forbidden ${systemError(status)}`);
            return 403;
          }
          if (status.code === 'ENOTDIR') return 404;
          continue;
        }
        if (!status.isDirectory) return request.redirect(request.uri + name, request.args);
      }
      return NEXT;
    });
  },
};
