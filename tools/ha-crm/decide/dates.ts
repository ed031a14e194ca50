/** Dates of rules: ISO 8601 times, durations, and specifications such as "weekdays 1-5". Times are in seconds since 1970, UTC. */

/** Reads `2024-05-01`, `2024-05-01 10:00:00Z`, `2024-05-01T10:00+02:00`, `2024-122`, `2024-W18-3`, `epoch`. */
export function parseIsoTime(text: string): number | undefined {
  const word = text.trim();
  if (word === "epoch") return 0;
  const found =
    /^(\d{4})-?(?:(\d{2})-?(\d{2})|W(\d{2})-?(\d)|(\d{3}))(?:[T ](\S+?)\s*(Z|[+-]\d{2}:?\d{0,2})?)?\s*$/.exec(word);
  if (found === null) return undefined;
  const day = dayNumber(found);
  const clock = found[7] === undefined ? 0 : parseClock(found[7]);
  if (day === undefined || clock === undefined) return undefined;
  return day * 86_400 + clock - offsetSeconds(found[8]);
}

function dayNumber(found: RegExpExecArray): number | undefined {
  const year = Number(found[1]);
  if (found[2] !== undefined) return Math.floor(Date.UTC(year, Number(found[2]) - 1, Number(found[3])) / 86_400_000);
  const first = Math.floor(Date.UTC(year, 0, 1) / 86_400_000);
  if (found[6] !== undefined) return first + Number(found[6]) - 1;
  const january4 = first + 3;
  const monday = january4 - ((january4 + 3) % 7);
  return monday + (Number(found[4]) - 1) * 7 + Number(found[5]) - 1;
}

function parseClock(text: string): number | undefined {
  const found = /^(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.\d+)?)?)?$/.exec(text);
  return found === null ? undefined : Number(found[1]) * 3600 + Number(found[2] ?? 0) * 60 + Number(found[3] ?? 0);
}

function offsetSeconds(zone: string | undefined): number {
  if (zone === undefined || zone === "Z") return 0;
  const found = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone);
  if (found === null) return 0;
  return (found[1] === "-" ? -1 : 1) * (Number(found[2]) * 3600 + Number(found[3] ?? 0) * 60);
}

/** Adds a duration given by attributes (`years`, `months`, `weeks`, `days`, `hours`, `minutes`, `seconds`). */
export function addDuration(start: number, duration: Readonly<Record<string, string>>): number {
  const part = (name: string) => Number.parseInt(duration[name] ?? "0", 10) || 0;
  const date = new Date(start * 1000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCFullYear(date.getUTCFullYear() + part("years"));
  date.setUTCMonth(date.getUTCMonth() + part("months"));
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  const days = part("weeks") * 7 + part("days");
  return (
    Math.floor(date.getTime() / 1000) + days * 86_400 + part("hours") * 3600 + part("minutes") * 60 + part("seconds")
  );
}

/** Is the moment inside all ranges of a `<date_spec>`? */
export function matchesDateSpec(now: number, spec: Readonly<Record<string, string>>): boolean {
  const date = new Date(now * 1000);
  const days = Math.floor(now / 86_400);
  const weekday = ((((days + 3) % 7) + 7) % 7) + 1;
  const firstOfYear = Math.floor(Date.UTC(date.getUTCFullYear(), 0, 1) / 86_400_000);
  const thursday = days - (weekday - 4);
  const weekYear = new Date(thursday * 86_400_000).getUTCFullYear();
  const firstOfWeekYear = Math.floor(Date.UTC(weekYear, 0, 1) / 86_400_000);
  const values: Readonly<Record<string, number>> = {
    seconds: date.getUTCSeconds(),
    minutes: date.getUTCMinutes(),
    hours: date.getUTCHours(),
    monthdays: date.getUTCDate(),
    weekdays: weekday,
    yeardays: days - firstOfYear + 1,
    months: date.getUTCMonth() + 1,
    weeks: Math.floor((thursday - firstOfWeekYear) / 7) + 1,
    years: date.getUTCFullYear(),
    weekyears: weekYear,
  };
  return Object.entries(spec).every(([name, range]) => {
    const value = values[name];
    return value === undefined || inRange(value, range);
  });
}

function inRange(value: number, range: string): boolean {
  const found = /^(\d+)?(-)?(\d+)?$/.exec(range.trim());
  if (found === null) return false;
  if (found[2] === undefined) return found[1] !== undefined && value === Number(found[1]);
  return (found[1] === undefined || value >= Number(found[1])) && (found[3] === undefined || value <= Number(found[3]));
}

/** The next moment after `now` at which an interval of a date expression begins or ends; for "what would change it". */
export function nextChange(now: number, ...times: readonly (number | undefined)[]): number | undefined {
  const later = times.filter((time) => time !== undefined && time > now);
  return later.length === 0 ? undefined : Math.min(...later.map((time) => time ?? 0));
}
