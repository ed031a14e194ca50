import { toInteger } from "./sample-cast.ts";
import { formatTime, httpDate } from "./sample-time.ts";
import { numberArgument, textArgument, type ConverterMaker, type ConverterTable } from "./sample-types.ts";

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, ms: 1, us: 0.001 };

/** `ltime(format[,offset])` in local time, `utime` in UTC; the input counts seconds. */
function time(utc: boolean): ConverterMaker {
  return (values) => {
    const format = textArgument(values, 0);
    const offset = numberArgument(values, 1, 0);
    return (value) => {
      const seconds = toInteger(value);
      return seconds === undefined ? undefined : formatTime(format, (seconds + offset) * 1000, utc);
    };
  };
}

export const TIME_CONVERTERS: ConverterTable = {
  ltime: time(false),
  utime: time(true),
  http_date: (values) => {
    const offset = numberArgument(values, 0, 0);
    const unit = UNIT_MS[textArgument(values, 1, "s")] ?? 1000;
    const perSecond = Math.round(1000 / unit);
    return (value) => {
      const number = toInteger(value);
      if (number === undefined) return undefined;
      const moment = number + offset;
      const text = httpDate(moment * unit);
      // With a finer unit, what is below a second follows after a dot.
      return perSecond === 1 ? text : text.replace(" GMT", `.${((moment % perSecond) + perSecond) % perSecond} GMT`);
    };
  },
};
