/** How the owner talks to a prober: one JSON line in, one report line out. Both ends are here. */
import { writeSync } from "node:fs";
import type { Mark, ProbeReport } from "./report.ts";

export interface ProberRequest {
  readonly request: "report" | "stop";
  /** Comes back in the answer. */
  readonly number: number;
  readonly marks: readonly Mark[];
}

/** The line that answers a request. */
export function formatAnswer(request: ProberRequest, report: ProbeReport): string {
  return `report ${request.number} ${JSON.stringify(report)}\n`;
}

/** What the answer to a request looks like; the first group is the report. */
export function answerPattern(number: number): RegExp {
  return new RegExp(`^report ${number} (.+)\\n`, "m");
}

/** Writes all of it to standard output, of which a pipe may take a part at a time. */
export function writeAll(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.byteLength;) at += writeSync(1, bytes, at);
}

/** Takes complete lines out of pieces of text. */
export class LineBuffer {
  #rest = "";

  /** The lines that `text` completes. */
  push(text: string): string[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    return lines.filter((line) => line !== "");
  }
}

function isMark(value: unknown): value is Mark {
  return (
    typeof value === "object" &&
    value !== null &&
    "name" in value &&
    typeof value.name === "string" &&
    "atNs" in value &&
    typeof value.atNs === "number"
  );
}

/** Reads a request line. Throws on anything else: both ends are ours. */
export function parseRequest(line: string): ProberRequest {
  const value: unknown = JSON.parse(line);
  if (typeof value === "object" && value !== null && "request" in value && "number" in value && "marks" in value) {
    const { request, number, marks } = value;
    const known = (request === "report" || request === "stop") && typeof number === "number";
    if (known && Array.isArray(marks) && marks.every(isMark)) return { request, number, marks };
  }
  throw new Error(`not a request to a prober: ${line}`);
}
