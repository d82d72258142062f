/** Statuses whose answers get the fields that are not for `always`. */
const STATUSES = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);

export function isForFields(status: number): boolean {
  return STATUSES.has(status);
}
