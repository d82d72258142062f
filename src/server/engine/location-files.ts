import type { OpenFileCache } from '../conf/file-conf.ts';
import type { Files } from './environment.ts';
import type { Location } from './location.ts';
import { OpenFiles } from './open-files.ts';
import type { Site } from './site.ts';

const kept = new WeakMap<Site, Map<OpenFileCache, OpenFiles>>();

/** The file system as a location sees it: with `open_file_cache`, some files stay open. */
export function filesOf({ conf }: Location, site: Site): Files {
  const { openFileCache, openFileCacheValid, openFileCacheMinUses, openFileCacheErrors } = conf;
  if (openFileCache === undefined) return site.environment.files;
  return openFilesOf(openFileCache, site).as({
    validMs: openFileCacheValid,
    minUses: openFileCacheMinUses,
    errors: openFileCacheErrors,
  });
}

/** Locations that have inherited a cache have it together. */
function openFilesOf(cache: OpenFileCache, site: Site): OpenFiles {
  let all = kept.get(site);
  if (all === undefined) {
    all = new Map();
    kept.set(site, all);
  }
  let files = all.get(cache);
  if (files === undefined) {
    const { loop } = site.port;
    const made = new OpenFiles(
      site.environment.files,
      cache.max,
      cache.inactive,
      () => loop.turnMs,
    );
    site.atEnd.push(() => made.clear());
    all.set(cache, made);
    files = made;
  }
  return files;
}
