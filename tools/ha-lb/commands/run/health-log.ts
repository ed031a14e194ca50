import type { HealthEvent } from "../../drive/checks/checker.ts";
import type { DataPlane } from "../../drive/plane.ts";

/** `Server web/s1 is DOWN, reason: …` in the words that operators search their logs for. */
export function healthLine({ server, change, outcome }: HealthEvent): string {
  const name = `${server.backend.name}/${server.name}`;
  const backend = server.backend;
  const active = backend.servers.filter((one) => one.usable && !one.backup).length;
  const backup = backend.servers.filter((one) => one.usable && one.backup).length;
  const code = outcome.code === undefined ? "" : `, code: ${outcome.code}`;
  const detail = outcome.detail === "" ? "" : `, info: "${outcome.detail}"`;
  const why = `reason: ${outcome.status}${code}${detail}, check duration: ${Math.round(outcome.durationMs)}ms`;
  const word = { up: "UP", down: "DOWN", stopping: "stopping", running: "UP" }[change];
  const kind = server.backup ? "Backup server" : "Server";
  return `${kind} ${name} is ${word}, ${why}. ${active} active and ${backup} backup servers left. ${server.active} sessions active, ${server.queued} requeued, ${server.backend.queue.length} remaining in queue.`;
}

/** Tells what a check changed: in the log, and on the error output as haproxy does. */
export function tellHealth(plane: DataPlane, event: HealthEvent): void {
  const line = healthLine(event);
  const { proxy } = event.server.backend;
  const level = event.change === "down" ? "alert" : "notice";
  plane.logEvent(proxy, level, line);
  process.stderr.write(`[${event.change === "down" ? "WARNING" : "NOTICE"}]  (${process.pid}) : ${line}\n`);
  if (event.change === "down" && event.server.backend.inPlay.length === 0) {
    const text = `backend ${proxy.name} has no server available!`;
    plane.logEvent(proxy, "alert", text);
    process.stderr.write(`[ALERT]    (${process.pid}) : ${text}\n`);
  }
}
