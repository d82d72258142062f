/** The nginx whose behaviour this is; scripts read it, so it follows nginx's releases, not ours. */
export const NGINX_VERSION = '1.31.5';
/** What `Server` says and pages are signed with. */
export const SERVER_NAME: string = `nginx/${NGINX_VERSION}`;
export const SERVER_NAME_BARE = 'nginx';
