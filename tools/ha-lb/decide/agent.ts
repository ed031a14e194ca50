/**
 * What an agent says of its server, in one line of words. Pure.
 * Source: the manual's chapter 5.2 on `agent-check`.
 */
import type { AdminState } from "./server-health.ts";

export interface AgentReport {
  /** Of the configured weight (`50%`). */
  readonly weightPercent?: number;
  readonly maxConnections?: number;
  readonly admin?: AdminState;
  readonly operational?: "up" | "down";
  /** The word that said it, with the reason that was given. */
  readonly said: string;
}

const LONGEST_LINE = 1024;

/** The first line; undefined while it isn't whole. At the end of the connection, what there is counts. */
export function agentLine(text: string, ended: boolean): string | undefined {
  const end = text.search(/[\r\n]/);
  if (end >= 0) return text.slice(0, Math.min(end, LONGEST_LINE));
  return ended || text.length > LONGEST_LINE ? text.slice(0, LONGEST_LINE) : undefined;
}

/** @returns undefined when no word of the line is known */
export function parseAgentLine(line: string): AgentReport | undefined {
  let report: AgentReport = { said: "" };
  let known = false;
  // What follows the sharp sign describes why.
  const sharp = line.indexOf("#");
  for (const word of (sharp < 0 ? line : line.slice(0, sharp)).split(/[ \t,]+/)) {
    const next = readWord(report, word);
    if (next === undefined) continue;
    known = true;
    report = next;
  }
  if (!known) return undefined;
  const why = sharp < 0 ? "" : line.slice(sharp + 1).trim();
  return why === "" ? report : { ...report, said: `${report.said} (${why})` };
}

function readWord(report: AgentReport, word: string): AgentReport | undefined {
  const name = word.toLowerCase();
  switch (name) {
    case "ready":
    case "drain":
    case "maint":
      return { ...report, admin: name };
    case "up":
      return { ...report, operational: "up", said: word };
    case "down":
    case "stopped":
    case "fail":
      return { ...report, operational: "down", said: word };
  }
  const limit = /^maxconn:(\d{1,9})$/.exec(word)?.[1];
  if (limit !== undefined) return { ...report, maxConnections: Number(limit) };
  const percent = /^(\d{1,4})%$/.exec(word)?.[1];
  return percent === undefined ? undefined : { ...report, weightPercent: Number(percent) };
}

/** The share of the configured weight; more than the format's largest weight is refused. */
export function agentWeight(percent: number, configured: number): number | undefined {
  const weight = Math.ceil((configured * percent) / 100);
  return weight > 256 ? undefined : weight;
}
