/** Changes of servers at run time, whoever asks: checks, the status page, the command socket. */
import type { AdminState, HealthState } from "../decide/server-health.ts";
import type { ChangeCause, ServerChange } from "../decide/server-log.ts";
import type { DataPlane } from "./plane.ts";
import type { BackendRuntime, ServerRuntime } from "./runtime.ts";
import { nowMs } from "./timer-wheel.ts";

/**
 * Puts a new state in force: balancing, waiting requests and, where asked for, running sessions follow; so do the
 * servers that `track` this one. `cause` is for the log.
 */
export function applyHealth(
  plane: DataPlane,
  server: ServerRuntime,
  health: HealthState,
  cause: ChangeCause = { kind: "command" },
): void {
  const before = server.health;
  const playedBefore = server.backend.inPlay.length;
  server.health = health;
  const wasUsable = server.usable;
  if (health.up && !before.up) {
    server.upSinceMs = nowMs();
    server.counters.downMs += nowMs() - before.changedMs;
  }
  const { backend } = server;
  backend.rebuild();
  if (playedBefore > 0 !== backend.inPlay.length > 0) noteChange(backend);
  if (before.up && !health.up) {
    server.counters.downCount += 1;
    server.closeIdle();
    if (server.settings.onMarkedDown === "shutdown-sessions") plane.shutdownSessions(server, "D");
    // Who waited for it alone may go elsewhere.
    for (const waiting of server.queue.splice(0)) plane.requeue(waiting, server);
  }
  plane.onServerChange?.(server);
  const change = changeOf(before, health, cause);
  if (change !== undefined) {
    plane.onServerEvent?.(server, change, playedBefore > 0 && server.backend.inPlay.length === 0);
  }
  for (const other of server.followers) follow(plane, server, other);
  if (!wasUsable && server.usable) {
    server.backend.serveQueue(server);
    if (server.settings.onMarkedUp === "shutdown-backup-sessions") {
      for (const other of server.backend.servers) if (other.backup) plane.shutdownSessions(other, "U");
    }
  }
}

/** The backend has got a server again, or has lost its last one. */
function noteChange({ counters, inPlay }: BackendRuntime): void {
  const now = nowMs();
  if (inPlay.length === 0) counters.downCount += 1;
  else counters.downMs += now - counters.changedMs;
  counters.changedMs = now;
}

/** What an operator, or the server that it tracks, wants of it. */
function wantedOf({ admin, inherited }: HealthState): AdminState {
  if (admin === "maint" || inherited === "maint") return "maint";
  return admin === "drain" || inherited === "drain" ? "drain" : "ready";
}

/** The change that a log tells. Under maintenance nothing else is worth a line. */
function changeOf(before: HealthState, now: HealthState, cause: ChangeCause): ServerChange | undefined {
  const [was, is] = [wantedOf(before), wantedOf(now)];
  const via = cause.kind === "track" ? { via: cause.via } : {};
  if (was !== is) {
    if (is === "maint") {
      const isLeaving = was === "drain" || before.stopping;
      return { kind: "maint", was: before.up ? (isLeaving ? "leaving" : "up") : "down", ...via };
    }
    if (is === "drain") return { kind: "drain", ...via };
    return was === "maint" ? { kind: "leave-maint", ...via } : { kind: "leave-drain", ...via };
  }
  if (is === "maint") return undefined;
  if (before.up !== now.up) return { kind: now.up ? "up" : "down", cause };
  if (before.stopping === now.stopping || !now.up) return undefined;
  return { kind: now.stopping ? "stopping" : "up", cause };
}

/** `track`: another server's state is this one's, too. */
export function follow(plane: DataPlane, server: ServerRuntime, other: ServerRuntime): void {
  const { changedMs, stopping, up } = server.health;
  const inherited = wantedOf(server.health);
  const { health } = other;
  if (health.up === up && health.stopping === stopping && health.inherited === inherited) return;
  const via = `${server.backend.name}/${server.name}`;
  applyHealth(plane, other, { ...health, up, stopping, inherited, changedMs }, { kind: "track", via });
}

/** Another address, found by name or given by a command. Connections that run stay where they are. */
export function setAddress(plane: DataPlane, server: ServerRuntime, host: string, port: number): void {
  if (server.host === host && server.port === port) return;
  const wasUsable = server.usable;
  server.host = host;
  server.port = port;
  server.closeIdle();
  server.backend.rebuild();
  plane.onServerChange?.(server);
  if (!server.hasAddress) for (const waiting of server.queue.splice(0)) plane.requeue(waiting, server);
  if (!wasUsable && server.usable) server.backend.serveQueue(server);
}

/** Requests go over TLS from now on, or no more. What runs stays as it is. */
export function switchTls(plane: DataPlane, server: ServerRuntime, on: boolean): void {
  if (server.usesTls === on) return;
  server.usesTls = on;
  server.closeIdle();
  plane.onServerChange?.(server);
}

export function setAdmin(plane: DataPlane, server: ServerRuntime, admin: AdminState): void {
  if (server.health.admin === admin) return;
  applyHealth(plane, server, { ...server.health, admin, changedMs: nowMs() });
}

export function setMaxConnections(plane: DataPlane, server: ServerRuntime, most: number): void {
  if (server.maxConnections === most) return;
  server.maxConnections = most;
  server.backend.serveQueue(server);
  plane.onServerChange?.(server);
}

export function setWeight(plane: DataPlane, server: ServerRuntime, weight: number): void {
  server.wantedWeight = weight;
  server.backend.rebuild();
  plane.onServerChange?.(server);
}

/** Actions of the status page; how many servers they reached. */
export function changeServers(plane: DataPlane, backendName: string, names: readonly string[], action: string): number {
  const id = /^#(\d+)$/.exec(backendName)?.[1];
  const backend =
    id === undefined
      ? plane.backends.get(backendName)
      : Array.from(plane.backends.values()).find(({ proxy }) => proxy.id === Number(id));
  let changed = 0;
  for (const name of names) {
    const server = backend?.server(name);
    if (server !== undefined && changeServer(plane, server, action)) changed += 1;
  }
  return changed;
}

export function changeServer(plane: DataPlane, server: ServerRuntime, action: string): boolean {
  const changedMs = nowMs();
  switch (action) {
    case "ready":
    case "enable":
      setAdmin(plane, server, "ready");
      return true;
    case "drain":
      setAdmin(plane, server, "drain");
      return true;
    case "maint":
    case "disable":
      setAdmin(plane, server, "maint");
      return true;
    case "hup":
      applyHealth(plane, server, { ...server.health, up: true, streak: 0, stopping: false, changedMs });
      return true;
    case "hdown":
      applyHealth(plane, server, { ...server.health, up: false, streak: 0, changedMs });
      return true;
    case "shutdown":
      plane.shutdownSessions(server, "K");
      return true;
    default:
      return false;
  }
}
