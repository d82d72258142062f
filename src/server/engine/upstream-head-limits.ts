import type { HeadLimits } from '../../http/head-limits.ts';
import type { LocationConf } from '../conf/location-conf.ts';
import type { Script } from '../conf/script.ts';
import type { SiteConf } from '../conf/site-conf.ts';

const HEAD_BYTES_MIN = 64 * 1024;
const FIELDS_MAX = 1000;

/** Heads of answers from servers: as large as some location takes. Each of them may take less. */
export function upstreamHeadLimits({ servers }: SiteConf): HeadLimits {
  const bytes = Math.max(HEAD_BYTES_MIN, ...servers.map(({ location }) => largestOf(location)));
  return { headBytesMax: bytes, lineBytesMax: bytes, targetBytesMax: bytes, fieldsMax: FIELDS_MAX };
}

function largestOf(conf: LocationConf): number {
  const { locations, limitExcept, script, proxyBufferSize } = conf;
  const inner = [...locations, ...conditional(script)];
  if (limitExcept !== undefined) inner.push(limitExcept.location);
  return Math.max(proxyBufferSize, ...inner.map(largestOf));
}

function conditional(script: Script): LocationConf[] {
  return script.flatMap((step) =>
    step.kind === 'if' && step.location !== undefined ? [step.location] : [],
  );
}
