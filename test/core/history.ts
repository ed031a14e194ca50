import type { HistoryItem, KeyOperation } from "../../shared/sim/check/linearizability.ts";

/** What a member process said, made into a history for the linearizability check. */
interface CallLine {
  readonly call: string;
  readonly key: string;
  readonly kind: KeyOperation["kind"];
  readonly value: string;
  readonly expected: string | null;
  readonly atMs: number;
}
interface BackLine {
  readonly back: string;
  readonly outcome: string;
  readonly seen: string | null;
  readonly atMs: number;
}

export function parseLines(text: string): readonly Readonly<Record<string, unknown>>[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line));
}

export function historyOf(outputs: readonly string[]): HistoryItem[] {
  const calls = new Map<string, CallLine>();
  const backs = new Map<string, BackLine>();
  for (const output of outputs) {
    for (const line of parseLines(output)) {
      if ("call" in line) calls.set(String(line["call"]), line as unknown as CallLine);
      if ("back" in line) backs.set(String(line["back"]), line as unknown as BackLine);
    }
  }
  const history: HistoryItem[] = [];
  for (const call of calls.values()) {
    const item = toItem(call, backs.get(call.call));
    if (item !== null) history.push(item);
  }
  return history;
}

function toItem(call: CallLine, back: BackLine | undefined): HistoryItem | null {
  const definite = back !== undefined && (back.outcome === "ok" || back.outcome === "CONFLICT");
  const won = definite ? back.outcome === "ok" : null;
  const { key, value, expected } = call;
  const times = { key, invokedMs: call.atMs, returnedMs: definite ? back.atMs : Number.POSITIVE_INFINITY };
  switch (call.kind) {
    case "read":
      return definite ? { ...times, operation: { kind: "read", seen: back.seen } } : null;
    case "put":
      return { ...times, operation: { kind: "put", value } };
    case "delete":
      return { ...times, operation: { kind: "delete" } };
    case "cas":
      return { ...times, operation: { kind: "cas", expected, value, won } };
  }
}
