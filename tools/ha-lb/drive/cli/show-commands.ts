/** Commands that only look. */
import type { DataPlane } from "../plane.ts";

export function showServersConn(plane: DataPlane, only: string | undefined): string {
  let text = "# bkname/svname bkid/svid addr port - purge_delay used_cur idle_cur\n";
  for (const backend of plane.backends.values()) {
    if (only !== undefined && backend.name !== only) continue;
    for (const server of backend.servers) {
      text += `${backend.name}/${server.name} ${backend.proxy.id}/${server.id} ${server.host} ${server.port} - ${server.settings.poolPurgeDelayMs} ${server.active} ${server.idle.length}\n`;
    }
  }
  return text;
}

const two = (value: number): string => String(value).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function logTime(atMs: number): string {
  const at = new Date(atMs);
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return `[${two(at.getDate())}/${MONTHS[at.getMonth()] ?? ""}/${at.getFullYear()}:${clock}.${String(at.getMilliseconds()).padStart(3, "0")}]`;
}

/** Bytes on one line of a dump. */
const DUMP_BYTES = 64;

/** What a client sent may hold anything, also escape sequences for a terminal: only what can be seen is shown as it is. */
function dump(bytes: Buffer): string {
  const lines: string[] = [];
  const known: Readonly<Record<string, string>> = { "\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\" };
  let start = 0;
  while (start < bytes.length) {
    const newline = bytes.indexOf(10, start);
    const lineEnd = newline < 0 ? bytes.length : newline + 1;
    const end = Math.min(lineEnd, start + DUMP_BYTES);
    const text = bytes
      .toString("latin1", start, end)
      .replace(
        /[^\x20-\x5b\x5d-\x7e]/g,
        (unit) => known[unit] ?? `\\x${unit.charCodeAt(0).toString(16).padStart(2, "0")}`,
      );
    lines.push(`  ${String(start).padStart(5, "0")}${end < lineEnd ? "+" : " "} ${text}\n`);
    start = end;
  }
  return lines.join("");
}

/** `show errors`: the last request that was refused as invalid, as it came. */
export function showErrors(plane: DataPlane): string {
  const { invalidRequests, lastInvalid } = plane;
  const head = `Total events captured on ${logTime(Date.now())} : ${invalidRequests}\n`;
  if (lastInvalid === undefined) return head;
  const { atMs, backend, bytes, frontend, source, status } = lastInvalid;
  return `${head}\n${logTime(atMs)} frontend ${frontend}: invalid request\n  backend ${backend}, event #${invalidRequests - 1}, src ${source}, answered with ${status}\n  len ${bytes.length}:\n\n${dump(bytes)}`;
}
