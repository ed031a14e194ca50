/** States of all servers out to text, and back from the files that `load-server-state-from-file` names. */
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import {
  formatServerStates,
  healthFrom,
  nameFrom,
  parseServerStates,
  type ServerStateRow,
  stateRow,
  weightFrom,
} from "../decide/server-state.ts";
import type { Proxy } from "../model/proxy.ts";
import type { DataPlane } from "./plane.ts";
import type { ServerRuntime } from "./runtime.ts";
import { follow } from "./server-admin.ts";
import { nowMs } from "./timer-wheel.ts";

/** `show servers state [backend]`. */
export function showServersState(plane: DataPlane, only: string | undefined): string {
  if (only !== undefined && !plane.backends.has(only)) return "Can't find backend.\n";
  const rows: ServerStateRow[] = [];
  for (const backend of plane.backends.values()) {
    if (only === undefined || backend.name === only) rows.push(...backend.servers.map(rowOf));
  }
  return formatServerStates(rows);
}

function rowOf(server: ServerRuntime): ServerStateRow {
  const { backend, hasAddress, health, host, port, service, settings, wantedWeight } = server;
  return stateRow({
    settings,
    health,
    backendId: backend.proxy.id,
    backend: backend.name,
    host,
    port,
    weight: wantedWeight,
    hasAddress,
    tls: server.usesTls,
    fqdn: server.fqdn,
    renamed: server.isRenamed,
    target: service?.target,
    nowMs: nowMs(),
  });
}

/** Gives servers the states of the files, where the configuration asks for that. A file that isn't there says nothing. */
export function loadServerStates(plane: DataPlane): void {
  const files = new Map<string, ReadonlyMap<string, ServerStateRow>>();
  for (const backend of plane.backends.values()) {
    const path = stateFileOf(plane, backend.proxy);
    if (path === undefined) continue;
    let rows = files.get(path);
    if (rows === undefined) {
      rows = readStates(path);
      files.set(path, rows);
    }
    for (const server of backend.servers) {
      const row = rows.get(`${backend.name} ${server.name}`);
      if (row !== undefined) restore(server, row);
    }
    backend.rebuild();
  }
  // Who tracks another one starts as that one does.
  for (const backend of plane.backends.values()) {
    for (const server of backend.servers) for (const other of server.followers) follow(plane, server, other);
  }
}

function stateFileOf({ configuration: { global } }: DataPlane, proxy: Proxy): string | undefined {
  const base = global.serverStateBase;
  const under = (path: string): string => (isAbsolute(path) || base === undefined ? path : join(base, path));
  switch (proxy.loadServerState) {
    case "none":
      return undefined;
    case "global":
      return global.serverStateFile === undefined ? undefined : under(global.serverStateFile);
    case "local":
      return under(proxy.serverStateFile ?? proxy.name);
  }
}

function readStates(path: string): ReadonlyMap<string, ServerStateRow> {
  try {
    const rows = parseServerStates(readFileSync(path, "utf8"));
    return new Map(rows.map((row) => [`${row.backend} ${row.server}`, row]));
  } catch {
    return new Map();
  }
}

function restore(server: ServerRuntime, row: ServerStateRow): void {
  const { settings } = server;
  server.health = healthFrom(row, settings, nowMs());
  server.wantedWeight = weightFrom(row, settings);
  if (server.tls !== undefined) server.usesTls = row.tls === 1;
  const { address, initAddress } = settings;
  if (address.kind !== "name" || row.address === "-" || !initAddress.includes("last")) return;
  const isService = address.host.startsWith("_");
  // Another name in the configuration is another machine.
  if (!isService && settings.resolution !== undefined) server.fqdn = nameFrom(row, address.host);
  if (isService ? row.serviceName !== address.host : row.name !== server.fqdn) return;
  server.host = row.address;
  if (!isService) return;
  server.port = row.port;
  server.service = { target: row.name, port: row.port, weight: 0, addresses: [] };
}
