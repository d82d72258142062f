/** No lower status sends a request to another server: the rest are answers, and redirections. */
export const RETRIED_STATUS_MIN = 400;

/** Is a server to blame for this status? nginx: 403 and 404 are about what was asked for. */
export function blamesServer(status: number): boolean {
  return status !== 403 && status !== 404;
}
