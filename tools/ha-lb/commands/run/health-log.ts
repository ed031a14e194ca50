import { changeLine, type ServerChange } from "../../decide/server-log.ts";
import type { DataPlane } from "../../drive/plane.ts";
import type { ServerRuntime } from "../../drive/runtime.ts";

/** `Server web/s1 is DOWN, reason: …` with what is left. */
export function healthLine(server: ServerRuntime, change: ServerChange): string {
  const { backend } = server;
  return changeLine(change, {
    name: `${backend.name}/${server.name}`,
    backup: server.backup,
    activeServers: backend.servers.filter((one) => one.usable && !one.backup).length,
    backupServers: backend.servers.filter((one) => one.usable && one.backup).length,
    sessions: server.active,
    requeued: server.queued,
    queued: backend.queue.length,
  });
}

/** Tells what changed: in the log, and on the error output as haproxy does. */
export function tellHealth(plane: DataPlane, server: ServerRuntime, change: ServerChange, empty: boolean): string {
  const line = healthLine(server, change);
  const { proxy } = server.backend;
  const isAlert = change.kind === "down" || (change.kind === "maint" && change.was === "up");
  plane.logEvent(proxy, isAlert ? "alert" : "notice", line);
  process.stderr.write(`[WARNING]  (${process.pid}) : ${line}\n`);
  if (empty) {
    const word = proxy.isFrontend ? "proxy" : "backend";
    plane.logEvent(proxy, "emerg", `${word} ${proxy.name} has no server available!`);
    process.stderr.write(`[ALERT]    (${process.pid}) : ${word} '${proxy.name}' has no server available!\n`);
  }
  return line;
}
