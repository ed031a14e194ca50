const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAY_MS = 86_400_000;

interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly zoneMinutes: number;
}

/** Calendar fields of a moment; months count from 0. */
export function timeFields(ms: number, utc: boolean): Fields {
  const date = new Date(ms);
  const zoneMinutes = utc ? 0 : -date.getTimezoneOffset();
  const shifted = new Date(ms + zoneMinutes * 60_000);
  return {
    year: shifted.getUTCFullYear(),
    month: shifted.getUTCMonth(),
    day: shifted.getUTCDate(),
    weekday: shifted.getUTCDay(),
    hours: shifted.getUTCHours(),
    minutes: shifted.getUTCMinutes(),
    seconds: shifted.getUTCSeconds(),
    zoneMinutes,
  };
}

export const twoDigits = (value: number) => String(value).padStart(2, "0");
export const shortMonth = (month: number) => (MONTHS[month] ?? "").slice(0, 3);

/** `+0200` */
export function zoneOffset(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${twoDigits(Math.floor(size / 60))}${twoDigits(size % 60)}`;
}

/** IMF-fixdate of RFC 9110 section 5.6.7. */
export function httpDate(ms: number): string {
  return formatTime("%a, %d %b %Y %H:%M:%S GMT", ms, true);
}

/** The formats of strftime(3) in the C locale. */
export function formatTime(format: string, ms: number, utc: boolean): string {
  const fields = timeFields(ms, utc);
  return format.replace(/%([a-zA-Z%])/g, (whole, letter: string) => conversion(letter, fields, ms) ?? whole);
}

function conversion(letter: string, fields: Fields, ms: number): string | undefined {
  const { year, month, day, weekday, hours, minutes, seconds, zoneMinutes } = fields;
  switch (letter) {
    case "a":
      return (DAYS[weekday] ?? "").slice(0, 3);
    case "A":
      return DAYS[weekday] ?? "";
    case "b":
    case "h":
      return shortMonth(month);
    case "B":
      return MONTHS[month] ?? "";
    case "C":
      return twoDigits(Math.floor(year / 100));
    case "d":
      return twoDigits(day);
    case "e":
      return String(day).padStart(2, " ");
    case "D":
      return `${twoDigits(month + 1)}/${twoDigits(day)}/${twoDigits(year % 100)}`;
    case "F":
      return `${year}-${twoDigits(month + 1)}-${twoDigits(day)}`;
    case "H":
      return twoDigits(hours);
    case "I":
      return twoDigits(hours % 12 === 0 ? 12 : hours % 12);
    case "j":
      return String(Math.floor((Date.UTC(year, month, day) - Date.UTC(year, 0, 1)) / DAY_MS) + 1).padStart(3, "0");
    case "m":
      return twoDigits(month + 1);
    case "M":
      return twoDigits(minutes);
    case "n":
      return "\n";
    case "p":
      return hours < 12 ? "AM" : "PM";
    case "R":
      return `${twoDigits(hours)}:${twoDigits(minutes)}`;
    case "s":
      return String(Math.floor(ms / 1000));
    case "S":
      return twoDigits(seconds);
    case "t":
      return "\t";
    case "T":
      return `${twoDigits(hours)}:${twoDigits(minutes)}:${twoDigits(seconds)}`;
    case "u":
      return String(weekday === 0 ? 7 : weekday);
    case "w":
      return String(weekday);
    case "y":
      return twoDigits(year % 100);
    case "Y":
      return String(year);
    case "z":
      return zoneOffset(zoneMinutes);
    case "Z":
      return zoneMinutes === 0 ? "UTC" : zoneOffset(zoneMinutes);
    case "%":
      return "%";
    default:
      return undefined;
  }
}
