/** Bytes of a size: `8k`, `1m`; with `file`, also `1g`. `undefined`: it is none. */
export function sizeOf(text: string, file = false): number | undefined {
  const match = /^(\d+)([kKmMgG]?)$/.exec(text);
  if (match === null) return undefined;
  const unit = (match[2] as string).toLowerCase();
  if (unit === 'g' && !file) return undefined;
  const bytes = Number(match[1]) * (SIZE_UNITS[unit] as number);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const KIB = 1024;
const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: KIB, m: KIB ** 2, g: KIB ** 3 };

const SECOND = 1000;
const DAY = 86_400 * SECOND;
/** In falling order, as they must be combined. A year has 365 days and a month 30. */
const TIME_UNITS: readonly (readonly [string, number])[] = [
  ['y', 365 * DAY],
  ['M', 30 * DAY],
  ['w', 7 * DAY],
  ['d', DAY],
  ['h', 3600 * SECOND],
  ['m', 60 * SECOND],
  ['s', SECOND],
  ['ms', 1],
];

const TIME_MS_MAX = 0x7fff_ffff * SECOND;

/** Milliseconds of a time: `1h 30m`, `500ms`; a bare number is seconds. `undefined`: it is none. */
export function timeOf(text: string): number | undefined {
  let ms = 0;
  let rest = text;
  let lastUnit = -1;
  do {
    const match = /^(\d+)(ms|[yMwdhms])?\s*/.exec(rest);
    if (match === null) return undefined;
    const [all, digits, unit = 's'] = match;
    const index = TIME_UNITS.findIndex(([name]) => name === unit);
    if (index <= lastUnit) return undefined;
    lastUnit = index;
    ms += Number(digits) * (TIME_UNITS[index]?.[1] as number);
    rest = rest.slice(all.length);
    if (match[2] === undefined && rest !== '') return undefined;
  } while (rest !== '');
  return ms <= TIME_MS_MAX ? ms : undefined;
}

/** A time that means seconds: parts of a second are refused. */
export function secondsOf(text: string): number | undefined {
  const ms = timeOf(text);
  return ms === undefined || ms % SECOND !== 0 ? undefined : ms / SECOND;
}

export function numberOf(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  return Number(text);
}
