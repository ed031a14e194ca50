/** Changes of servers in the words that operators search their logs for. Pure. */
import type { CheckOutcome } from "./server-health.ts";

export type ServerChange =
  | { readonly kind: "up" | "down" | "stopping"; readonly cause: ChangeCause }
  | { readonly kind: "maint"; readonly was: "up" | "leaving" | "down"; readonly via?: string }
  | { readonly kind: "drain" | "leave-maint" | "leave-drain"; readonly via?: string };

export type ChangeCause =
  | { readonly kind: "check"; readonly outcome: CheckOutcome }
  /** Told already, by `option log-health-checks`. */
  | { readonly kind: "told" }
  | { readonly kind: "track"; readonly via: string }
  | { readonly kind: "command" };

/** What the line counts after the change. */
export interface ServerCounts {
  /** `web/s1`. */
  readonly name: string;
  readonly backup: boolean;
  readonly activeServers: number;
  readonly backupServers: number;
  readonly sessions: number;
  readonly requeued: number;
  readonly queued: number;
}

const DESCRIPTIONS: ReadonlyMap<string, string> = new Map([
  ["INI", "Initializing"],
  ["HANA", "Health analyze"],
  ["SOCKERR", "Socket error"],
  ["L4OK", "Layer4 check passed"],
  ["L4TOUT", "Layer4 timeout"],
  ["L4CON", "Layer4 connection problem"],
  ["L6OK", "Layer6 check passed"],
  ["L6TOUT", "Layer6 timeout"],
  ["L6RSP", "Layer6 invalid response"],
  ["L7TOUT", "Layer7 timeout"],
  ["L7RSP", "Layer7 invalid response"],
  ["L7OK", "Layer7 check passed"],
  ["L7OKC", "Layer7 check conditionally passed"],
  ["L7STS", "Layer7 wrong status"],
  ["PROCERR", "External check error"],
  ["PROCTOUT", "External check timeout"],
  ["PROCOK", "External check passed"],
  ["CHECKED", "No status change"],
]);

export function describeStatus(status: string): string {
  return DESCRIPTIONS.get(status) ?? (status === "" ? "Initializing" : status);
}

const MOST_DETAIL_CHARACTERS = 200;

/** Servers, agents and name servers may say anything: a log line stays one line, and a terminal a terminal. */
export function printable(text: string): string {
  return text.slice(0, MOST_DETAIL_CHARACTERS).replaceAll(/[^\x20-\x7e]/g, "?");
}

function reasonOf({ code, detail, durationMs, status }: CheckOutcome): string {
  const codeText = code === undefined ? "" : `, code: ${code}`;
  const info = detail === "" ? "" : `, info: "${printable(detail)}"`;
  const duration = status === "HANA" ? "" : `, check duration: ${Math.round(durationMs)}ms`;
  return `reason: ${describeStatus(status)}${codeText}${info}${duration}`;
}

function causeText(cause: ChangeCause): string {
  switch (cause.kind) {
    case "check":
      return `, ${reasonOf(cause.outcome)}`;
    case "track":
      return ` via ${cause.via}`;
    case "told":
    case "command":
      return "";
  }
}

export function changeLine(change: ServerChange, counts: ServerCounts): string {
  const { activeServers, backup, backupServers, name, queued, requeued, sessions } = counts;
  const who = `${backup ? "Backup Server" : "Server"} ${name}`;
  const onBackup = activeServers === 0 && backupServers > 0 ? " Running on backup." : "";
  const online = `${activeServers} active and ${backupServers} backup servers online.${onBackup} ${requeued} sessions requeued, ${queued} total in queue.`;
  const left = `${activeServers} active and ${backupServers} backup servers left.${onBackup} ${sessions} sessions active, ${requeued} requeued, ${queued} remaining in queue.`;
  switch (change.kind) {
    case "up":
      return `${who} is UP${causeText(change.cause)}. ${online}`;
    case "down":
      return `${who} is DOWN${causeText(change.cause)}. ${left}`;
    case "stopping":
      return `${who} is stopping${causeText(change.cause)}. ${online}`;
    case "maint":
      return change.was === "down"
        ? `${who} was DOWN and now enters maintenance${viaText(change.via)}.`
        : `${who} is going DOWN for maintenance${viaText(change.via)}. ${left}`;
    case "drain":
      return `${who} enters drain state${viaText(change.via)}. ${online}`;
    case "leave-maint":
      return `${who} is UP/READY (leaving ${change.via === undefined ? "forced " : ""}maintenance).`;
    case "leave-drain":
      return `${who} is UP (leaving forced drain).`;
  }
}

function viaText(via: string | undefined): string {
  return via === undefined ? "" : ` via ${via}`;
}

/** `option log-health-checks`: a check whose result is another one than the last. */
export function checkLine(name: string, outcome: CheckOutcome, health: number, of: number, isUp: boolean): string {
  const result = outcome.stopping ? "conditionally succeeded" : outcome.passed ? "succeeded" : "failed";
  return `Health check for server ${name} ${result}, ${reasonOf(outcome)}, status: ${health}/${of} ${isUp ? "UP" : "DOWN"}.`;
}
