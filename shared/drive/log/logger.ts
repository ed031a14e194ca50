import { describe, type Catalogue, type Problem, type Reason, type ReasonData } from "../../reason/catalogue.ts";
import { REDACTED, isSecretName, redactText } from "../../text/redact.ts";
import { formatRecord, type LogFormat } from "./format.ts";
import { passes, type Facility, type LogOrigin, type LogRecord, type LogSeverity } from "./record.ts";
import { RepeatFilter } from "./repeat.ts";
import type { QueuedSink } from "./sink.ts";

/** One place that log lines go to. */
export interface LogOutlet {
  readonly sink: QueuedSink;
  readonly format: LogFormat;
  readonly least: LogSeverity;
  readonly facility?: Facility;
}

export interface LoggerSpec {
  readonly origin: LogOrigin;
  readonly outlets: readonly LogOutlet[];
  /** Wall clock, Unix milliseconds. */
  readonly nowMs: () => number;
}

/** The state that a logger shares with those made by `with`. */
interface Shared extends LoggerSpec {
  readonly repeats: RepeatFilter;
}

/** Withholds secrets: fields by their name, and what looks like one inside texts. */
export function withoutSecrets(record: LogRecord): LogRecord {
  const message = redactText(record.message);
  if (record.fields === undefined) return { ...record, message };
  const fields = Object.entries(record.fields).map(([name, value]) => {
    if (isSecretName(name) && value !== null) return [name, REDACTED] as const;
    return [name, typeof value === "string" ? redactText(value) : value] as const;
  });
  return { ...record, message, fields: Object.fromEntries(fields) };
}

/** Writes to all outlets. No call waits or throws, whatever happens to the receivers. */
export class Logger {
  readonly #shared: Shared;
  readonly #bound: ReasonData;

  private constructor(shared: Shared, bound: ReasonData) {
    this.#shared = shared;
    this.#bound = bound;
  }

  static create(spec: LoggerSpec): Logger {
    return new Logger({ ...spec, repeats: new RepeatFilter() }, {});
  }

  /** A logger whose records carry these fields too. */
  with(fields: ReasonData): Logger {
    return new Logger(this.#shared, { ...this.#bound, ...fields });
  }

  log(severity: LogSeverity, message: string, fields: ReasonData = {}, code?: string): void {
    const all = { ...this.#bound, ...fields };
    const record = withoutSecrets({
      atMs: this.#shared.nowMs(),
      severity,
      message,
      ...(code === undefined ? {} : { code }),
      ...(Object.keys(all).length === 0 ? {} : { fields: all }),
    });
    for (const one of this.#shared.repeats.push(record)) this.#write(one);
  }

  debug(message: string, fields?: ReasonData): void {
    this.log("debug", message, fields);
  }

  info(message: string, fields?: ReasonData): void {
    this.log("info", message, fields);
  }

  notice(message: string, fields?: ReasonData): void {
    this.log("notice", message, fields);
  }

  warning(message: string, fields?: ReasonData): void {
    this.log("warning", message, fields);
  }

  error(message: string, fields?: ReasonData): void {
    this.log("error", message, fields);
  }

  /** A coded fact, in the words of its catalogue. */
  fact(catalogue: Catalogue, fact: Reason): void {
    this.problem(describe(catalogue, fact));
  }

  /** A fact that is in words already. */
  problem(problem: Problem): void {
    const place = problem.at === undefined ? "" : `${problem.at.file}:${problem.at.line}:${problem.at.column}: `;
    this.log(problem.severity, place + problem.sentence, problem.data, problem.code);
  }

  /** Tries to write what waits; call it now and then (a timer), and before the end. */
  flush(): void {
    for (const record of this.#shared.repeats.flush(this.#shared.nowMs())) this.#write(record);
    for (const outlet of this.#shared.outlets) {
      outlet.sink.flush();
      this.#tellLosses(outlet);
    }
  }

  close(): void {
    this.flush();
    for (const outlet of this.#shared.outlets) outlet.sink.close();
  }

  #write(record: LogRecord): void {
    for (const outlet of this.#shared.outlets) {
      if (!passes(record.severity, outlet.least)) continue;
      this.#tellLosses(outlet);
      outlet.sink.write(this.#format(record, outlet));
    }
  }

  #tellLosses(outlet: LogOutlet): void {
    // While lines still wait, more losses may follow: told once, when the way is free.
    if (outlet.sink.waiting > 0) return;
    const lost = outlet.sink.takeUntold();
    if (lost === 0) return;
    const message = `${lost} log ${lost === 1 ? "line was" : "lines were"} lost: the receiver was too slow or away`;
    outlet.sink.write(this.#format({ atMs: this.#shared.nowMs(), severity: "warning", message }, outlet));
  }

  #format(record: LogRecord, outlet: LogOutlet): string {
    const { origin } = this.#shared;
    return formatRecord(
      record,
      outlet.format,
      outlet.facility === undefined ? { origin } : { origin, facility: outlet.facility },
    );
  }
}
