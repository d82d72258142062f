/** The nginx whose behaviour this is; scripts read it, so it follows nginx's releases, not ours. */
export const NGINX_VERSION = '1.31.5';
/** What `Server` says and pages are signed with. */
export const SERVER_NAME: string = `nginx/${NGINX_VERSION}`;
const SERVER_NAME_BARE = 'nginx';

/** As `server_tokens` says; `build`: the program that this is in truth. */
export function serverName(tokens: 'on' | 'off' | 'build', build = 'sluice'): string {
  if (tokens === 'off') return SERVER_NAME_BARE;
  return tokens === 'on' ? SERVER_NAME : `${SERVER_NAME} (${build})`;
}
