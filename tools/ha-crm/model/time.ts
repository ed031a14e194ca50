import { lookUp } from "../../../shared/text/lookup.ts";

const UNITS: Readonly<Record<string, number>> = {
  "": 1000,
  s: 1000,
  sec: 1000,
  ms: 1,
  msec: 1,
  us: 0.001,
  usec: 0.001,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
};

/**
 * A time such as `10`, `10s`, `2min`, `500ms`, `PT1M`, in milliseconds; undefined when it is no time. As in Pacemaker the
 * `T` may be missing where nothing depends on it: `P10S`.
 */
export function parseTimeMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const plain = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(text);
  if (plain !== null) {
    const unit = lookUp(UNITS, (plain[2] ?? "").toLowerCase());
    return unit === undefined ? undefined : Math.trunc(Number(plain[1]) * unit);
  }
  const iso = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/.exec(
    text.trim(),
  );
  if (iso === null) return undefined;
  const part = (index: number) => Number(iso[index] ?? 0);
  const days = part(1) * 365 + part(2) * 30 + part(3) * 7 + part(4);
  return (((days * 24 + part(5)) * 60 + part(6)) * 60 + part(7)) * 1000;
}
