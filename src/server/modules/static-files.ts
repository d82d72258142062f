import type { FileError, FileStatus, Files } from '../engine/environment.ts';
import { etagOf } from '../engine/etag.ts';
import { type FilePath, filePathOf } from '../engine/file-path.ts';
import type { BodyPart } from '../engine/file-sender.ts';
import { filesOf } from '../engine/location-files.ts';
import type { HttpModule } from '../engine/module.ts';
import type { Request } from '../engine/request.ts';
import { systemError } from '../engine/system-errors.ts';
import { escapeUri } from '../engine/uri.ts';
import { NEXT, TAKEN, type Verdict } from '../engine/verdict.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST']);
/**
 * Up to this many bytes, a file is read and goes out with its head in one write. Measured on epoll:
 * at 10 KiB that is a little cheaper than a write and a sendfile, at 16 KiB a little dearer.
 */
const READ_BYTES_MAX = 12 * 1024;
/** The same where the kernel does not move the bytes itself. */
const COPIED_BYTES_MAX = 64 * 1024;

/** Files below `root` or `alias`. */
export const staticFilesModule: HttpModule = {
  name: 'static files',
  location(location, site) {
    const path = filePathOf(location, site);
    const files = filesOf(location, site);
    location.content.push((request) => serve(request, path, files));
  },
};

function serve(request: Request, pathOf: FilePath, files: Files): Verdict {
  if (!METHODS.has(request.method)) return 405;
  if (request.uri.endsWith('/')) return NEXT;
  const path = pathOf(request);
  if (path === undefined) return 500;
  if (path.includes('\0')) return 404;
  const descriptor = files.open(path);
  if (typeof descriptor !== 'number') return notOpened(request, path, descriptor);
  const status = files.statusOf(descriptor);
  if ('code' in status) return notDescribed(request, path, files, descriptor, status);
  if (!status.isFile || request.method === 'POST') {
    files.close(descriptor);
    if (status.isDirectory) return toDirectory(request);
    if (status.isFile) return 405;
    request.log('crit', `"${path}" is not a regular file`);
    return 404;
  }
  return answerFile(request, files, descriptor, status);
}

/** Answers with an open file, which is closed at the end. */
export function answerFile(
  request: Request,
  files: Files,
  descriptor: number,
  status: FileStatus,
): Verdict {
  // Filters may ask for the status of other files, in the same place.
  const { size } = status;
  describe(request, status);
  if (request.writeHead()) send(request, files, descriptor, size);
  else files.close(descriptor);
  return TAKEN;
}

function notOpened(request: Request, path: string, error: FileError): Verdict {
  const { code } = error;
  const missing = code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG';
  const status = missing ? 404 : code === 'EACCES' || code === 'ELOOP' ? 403 : 500;
  if (status !== 404 || request.location.conf.logNotFound) {
    const level = status === 500 ? 'crit' : 'error';
    request.log(level, `open() "${path}" failed ${systemError(error)}`);
  }
  return status;
}

/** What was opened cannot be asked what it is. */
export function notDescribed(
  request: Request,
  path: string,
  files: Files,
  descriptor: number,
  error: FileError,
): Verdict {
  files.close(descriptor);
  request.log('crit', `fstat() "${path}" failed ${systemError(error)}`);
  return 500;
}

/** A directory is asked for with a slash. */
function toDirectory(request: Request): Verdict {
  const { args } = request;
  request.out.location = `${escapeUri(request.uri)}/${args === '' ? '' : `?${args}`}`;
  return 301;
}

function describe(request: Request, { size, mtime }: FileStatus): void {
  const { out } = request;
  out.status = 200;
  out.contentLength = size;
  out.lastModified = mtime;
  // One that an X-Accel-Redirect has brought along stays.
  if (out.contentType === '') out.contentType = request.typeOf(request.uri);
  out.allowsRanges = true;
  if (!request.location.conf.etag) return;
  const { text, line } = etagOf(mtime, size);
  out.etag = text;
  out.lines.push(line);
}

function send(request: Request, files: Files, descriptor: number, size: number): void {
  if (request.headerOnly || size === 0) {
    files.close(descriptor);
    request.end();
    return;
  }
  const parts = request.parts ?? [{ position: 0, length: size }];
  let bytes = 0;
  for (const part of parts) bytes += typeof part === 'string' ? 0 : part.length;
  const { transmit } = request.site.port.capabilities;
  if (bytes > (transmit === 'kernel' ? READ_BYTES_MAX : COPIED_BYTES_MAX)) {
    request.sendFile(files, descriptor, parts);
    return;
  }
  let isWhole = true;
  for (const part of parts) isWhole = isWhole && sendPart(request, descriptor, part);
  files.close(descriptor);
  if (isWhole) request.end();
  else {
    request.log('alert', 'a file was cut while it was sent');
    request.cut();
  }
}

function sendPart(request: Request, descriptor: number, part: BodyPart): boolean {
  if (typeof part === 'string') {
    request.writeText(part);
    return true;
  }
  return request.writeFromFile(descriptor, part.position, part.length);
}
