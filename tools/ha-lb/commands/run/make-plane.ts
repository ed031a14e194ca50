/** Data planes of configurations: making one, handing state over, and ending one. */
import { hostname } from "node:os";
import { VERSION } from "../../../../shared/model/version.ts";
import { PatternRegistry } from "../../decide/acl-registry.ts";
import { DataPlane, type PlaneOptions } from "../../drive/plane.ts";
import type { ServerRuntime } from "../../drive/runtime.ts";
import { loadServerStates } from "../../drive/server-states.ts";
import type { Configuration } from "../../model/configuration.ts";
import { parseDynamicServer } from "../parse-server.ts";
import { tellProblems } from "../alert.ts";
import { readNamedFiles, readOrUndefined, styleFormats } from "../load.ts";

/** Makes the data plane of a configuration. Texts of problems go to `tell`. `make`: another kind than the usual one. */
export function makePlane(
  configuration: Configuration,
  tell: (text: string) => void,
  make: (options: PlaneOptions) => DataPlane = (options) => new DataPlane(options),
): DataPlane | undefined {
  const files = readNamedFiles(configuration);
  if (!files.ok) {
    tellProblems(files, tell);
    return undefined;
  }
  const patterns = new PatternRegistry(readOrUndefined);
  const plane = make({
    configuration,
    patterns,
    files: files.value,
    styles: styleFormats(),
    hostName: hostname(),
    version: VERSION,
  });
  for (const path of patterns.unreadable) tell(`[ALERT]    (${process.pid}) : config : cannot read '${path}'\n`);
  if (patterns.unreadable.length > 0) return undefined;
  loadServerStates(plane);
  plane.hooks.parseServer = parseDynamicServer;
  return plane;
}

/** Servers that are in both configurations keep their state: a reload must not forget who is down. */
export function adoptState(from: DataPlane, to: DataPlane): void {
  to.tables.adopt(from.tables);
  for (const backend of to.backends.values()) {
    for (const server of backend.servers) {
      const before = from.backends.get(backend.name)?.server(server.name);
      if (before === undefined || !isSamePlace(before, server)) continue;
      server.host = before.host;
      server.port = before.port;
      server.service = before.service;
      server.fqdn = before.fqdn;
      // What a command changed counts until the configuration says something else than before.
      if ((server.settings.tls === undefined) === (before.settings.tls === undefined) && server.tls !== undefined)
        server.usesTls = before.usesTls;
      const admin = server.settings.disabled === before.settings.disabled ? before.health.admin : server.health.admin;
      server.health = { ...before.health, admin };
    }
    backend.rebuild();
  }
}

/** Is it the same machine in both? Names are, whatever their address is now. */
function isSamePlace(before: ServerRuntime, server: ServerRuntime): boolean {
  const { address: was } = before.settings;
  const { address } = server.settings;
  if (address.kind === "name") return was.kind === "name" && was.host === address.host && was.port === address.port;
  return before.host === server.host && before.port === server.port;
}

/** Connections end with the answer to the request they are at or the next one; idle ones after a moment. */
export function drain(plane: DataPlane): void {
  plane.stopping = true;
  for (const client of plane.clients) client.endSoon();
  for (const connection of plane.multiplexed) connection.endSoon();
  for (const backend of plane.backends.values()) for (const server of backend.servers) server.closeIdle();
}
