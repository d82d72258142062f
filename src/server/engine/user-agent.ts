/** Browsers that need a different treatment, as far as `User-Agent` tells. */

/** Internet Explorer of any version. */
export function isMsie(agent: string): boolean {
  return /MSIE .{3}/.test(agent) && !agent.includes('Opera');
}

/** Internet Explorer up to 6.0 before its second service pack: it loses what follows a POST. */
export function isOldMsie(agent: string): boolean {
  const version = /MSIE ([456])\../.exec(agent)?.[1];
  if (version === undefined || agent.includes('Opera')) return false;
  return version !== '6' || !agent.includes('SV1');
}

/** Chrome, and what names itself so. */
export function isChrome(agent: string): boolean {
  return agent.includes('Chrome/') && !/Opera|Gecko\//.test(agent) && !isMsie(agent);
}

/** Safari on Mac OS X. */
function isSafari(agent: string): boolean {
  if (isMsie(agent) || /Opera|Gecko\/|Chrome\//.test(agent)) return false;
  return agent.includes('Safari/') && agent.includes('Mac OS X');
}

/** Is the connection not to be kept for this browser? `disabled`: of `keepalive_disable`. */
export function losesRequests(agent: string, method: string, disabled: readonly string[]): boolean {
  if (disabled.includes('msie6') && method === 'POST' && isOldMsie(agent)) return true;
  return disabled.includes('safari') && isSafari(agent);
}
