import type { LogTarget, LogTransport } from "../model/log-target.ts";
import { FACILITIES } from "../model/log-target.ts";
import type { LogLevel } from "../model/rule.ts";
import { parseSocketAddress } from "./address.ts";
import type { Line } from "./line.ts";
import type { Scope } from "./scope.ts";

const LEVELS: readonly LogLevel[] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const FORMATS = ["rfc3164", "rfc5424", "local", "priority", "short", "timed", "iso", "raw"] as const;
const DEFAULT_LENGTH = 1024;
const SYSLOG_PORT = 514;

/** `log ADDRESS [len N] [format F] [sample R:N] FACILITY [LEVEL [MINLEVEL]]` */
export function parseLog(scope: Scope, line: Line): LogTarget | undefined {
  const keyword = "log";
  const address = line.need(1, keyword, "an address, then a facility");
  if (address === undefined) return undefined;
  const transport = parseTransport(scope, line, address);
  let format: LogTarget["format"] = "rfc3164";
  let maxLengthBytes = DEFAULT_LENGTH;
  let sample: LogTarget["sample"];
  let next = 2;
  for (; ["len", "format", "sample"].includes(line.text(next)); next += 2) {
    const word = line.text(next);
    if (word === "len") maxLengthBytes = line.integer(next + 1, "log len", 80, 65535) ?? DEFAULT_LENGTH;
    else if (word === "format") format = line.choice(next + 1, "log format", FORMATS) ?? format;
    else sample = parseSample(line, next + 1);
  }
  const facility = line.choice(next, "log", FACILITIES);
  const level = line.has(next + 1) ? line.choice(next + 1, "log", LEVELS) : undefined;
  const minLevel = line.has(next + 2) ? line.choice(next + 2, "log", LEVELS) : undefined;
  line.end(next + 3, keyword);
  if (transport === undefined || facility === undefined) return undefined;
  return {
    transport,
    format,
    maxLengthBytes,
    facility,
    at: line.span(0),
    ...(level === undefined ? {} : { level }),
    ...(minLevel === undefined ? {} : { minLevel }),
    ...(sample === undefined ? {} : { sample }),
  };
}

function parseTransport(scope: Scope, line: Line, text: string): LogTransport | undefined {
  if (text === "stdout" || text === "stderr") return { kind: text };
  if (text.startsWith("ring@")) {
    scope.references.push({ kind: "ring", name: text.slice(5), from: scope.section, keyword: "log", at: line.at(1) });
    return { kind: "ring", name: text.slice(5) };
  }
  const parsed = parseSocketAddress(line.address(1));
  if (typeof parsed === "string") {
    line.problem("LB_BAD_ADDRESS", { keyword: "log", text, problem: parsed }, 1);
    return undefined;
  }
  const { address } = parsed;
  switch (address.kind) {
    case "unix":
      return { kind: "unix", path: address.path };
    case "descriptor":
      return { kind: "descriptor", descriptor: address.descriptor };
    case "name":
      return { kind: "udp", address: { ...address, port: address.port || SYSLOG_PORT } };
    case "ip":
      return { kind: "udp", address: { ...address, port: address.port || SYSLOG_PORT } };
  }
}

/** `1,3-5:10`: of every 10 lines, the first and the third to fifth. */
function parseSample(line: Line, index: number): LogTarget["sample"] {
  const found = /^([\d,-]+):(\d{1,9})$/.exec(line.text(index));
  const size = Number(found?.[2] ?? 0);
  const ranges = (found?.[1] ?? "").split(",").map((part) => {
    const [low = "", high = low] = part.split("-");
    return [Number(low), Number(high)] as const;
  });
  const good = found !== null && size > 0 && ranges.every(([low, high]) => low > 0 && high >= low && high <= size);
  if (good) return { ranges, size };
  line.problem(
    "LB_BAD_NUMBER",
    { keyword: "log sample", expected: "RANGES:SIZE such as 1,3-5:10", text: line.text(index) },
    index,
  );
  return undefined;
}
