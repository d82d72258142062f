const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const SHORT = 3;

export const USUAL_FORMAT = '%A, %d-%b-%Y %H:%M:%S %Z';

/** A time in the form of strftime(3), for the conversions that do not depend on a language. */
export function formattedTime(format: string, milliseconds: number, gmt: boolean): string {
  if (format === '%s') return String(Math.floor(milliseconds / 1000));
  const date = new Date(gmt ? milliseconds : milliseconds - zoneMinutes(milliseconds) * 60_000);
  return format.replace(/%([A-Za-z%])/g, (all, letter: string) => {
    return FIELDS[letter]?.(date, milliseconds, gmt) ?? all;
  });
}

/** West of Greenwich is positive. */
function zoneMinutes(milliseconds: number): number {
  return new Date(milliseconds).getTimezoneOffset();
}

type Field = (date: Date, milliseconds: number, gmt: boolean) => string;

const two = (number: number): string => String(number).padStart(2, '0');
const clock: Field = (date) => date.toISOString().slice(11, 19);
const hour12 = (date: Date): number => date.getUTCHours() % 12 || 12;

/** The date's UTC fields are those of the wanted zone. */
const FIELDS: Readonly<Record<string, Field>> = {
  A: (date) => DAYS[date.getUTCDay()] as string,
  a: (date) => (DAYS[date.getUTCDay()] as string).slice(0, SHORT),
  B: (date) => MONTHS[date.getUTCMonth()] as string,
  b: (date) => (MONTHS[date.getUTCMonth()] as string).slice(0, SHORT),
  d: (date) => two(date.getUTCDate()),
  e: (date) => String(date.getUTCDate()).padStart(2),
  F: (date) => date.toISOString().slice(0, 10),
  H: (date) => two(date.getUTCHours()),
  I: (date) => two(hour12(date)),
  M: (date) => two(date.getUTCMinutes()),
  m: (date) => two(date.getUTCMonth() + 1),
  p: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  S: (date) => two(date.getUTCSeconds()),
  s: (_, milliseconds) => String(Math.floor(milliseconds / 1000)),
  T: clock,
  Y: (date) => String(date.getUTCFullYear()),
  y: (date) => two(date.getUTCFullYear() % 100),
  Z: (_, milliseconds, gmt) => (gmt ? 'GMT' : zoneName(milliseconds)),
  z: (_, milliseconds, gmt) => zoneOffset(gmt ? 0 : -zoneMinutes(milliseconds)),
  '%': () => '%',
};

function zoneName(milliseconds: number): string {
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(
    milliseconds,
  );
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

function zoneOffset(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${two(size % 60)}`;
}
