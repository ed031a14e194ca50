import type { NameEvent } from "../../drive/dns/name-keeper.ts";
import type { DataPlane } from "../../drive/plane.ts";

/** What the search for addresses changed, in the words that operators search their logs for. */
export function nameLines(event: NameEvent): readonly string[] {
  const { server } = event;
  const { backend } = server;
  const name = `${backend.name}/${server.name}`;
  switch (event.kind) {
    case "target": {
      const shown = (text: string) => (text === "" ? "(null)" : text);
      return [`${name} changed its FQDN from ${shown(event.from)} to ${shown(event.to)} by 'SRV record'`];
    }
    case "address": {
      const { from, to } = event;
      if (to === "") {
        const active = backend.servers.filter((one) => one.usable && !one.backup).length;
        const backup = backend.servers.filter((one) => one.usable && one.backup).length;
        const rest = `${active} active and ${backup} backup servers left. ${server.active} sessions active, ${server.queued} requeued, ${backend.queue.length} remaining in queue.`;
        return [`Server ${name} is going DOWN for maintenance (No IP for server ). ${rest}`];
      }
      const changed = `${name} changed its IP from ${from === "" ? "(none)" : from} to ${to} by ${event.by}.`;
      if (from !== "") return [changed];
      const asked = server.service?.target ?? server.fqdn;
      return [
        changed,
        `Server ${name} ('${asked}') is UP/READY (resolves again).`,
        `Server ${name} administratively READY thanks to valid DNS answer.`,
      ];
    }
    case "failing": {
      const kept = server.host === "" ? "it stays without an address" : `it keeps ${server.host}`;
      return [`Server ${name} ('${event.name}') can't be resolved any more (${event.failure}); ${kept}.`];
    }
    case "recovered":
      return [`Server ${name} ('${event.name}') resolves again.`];
  }
}

/** Tells it in the log and on the error output. */
export function tellName(plane: DataPlane, event: NameEvent): void {
  for (const line of nameLines(event)) {
    plane.logEvent(event.server.backend.proxy, event.kind === "failing" ? "warning" : "notice", line);
    process.stderr.write(`[WARNING]  (${process.pid}) : ${line}\n`);
  }
}
