/** Servers that come and go at run time, and switches of checks and agents: management guide, `add server` and others. */
import { isDynamic } from "../../model/balance.ts";
import type { DataPlane } from "../plane.ts";
import { ServerRuntime } from "../runtime.ts";
import { applyHealth, follow, switchTls } from "../server-admin.ts";
import { nowMs } from "../timer-wheel.ts";
import { type CliCommand, NO_BACKEND, onServer } from "./command.ts";

/** Servers that one backend may get at run time. */
const MOST_SERVERS = 10_000;

function addServer(plane: DataPlane, rest: readonly string[]): string {
  const [place = "", ...words] = rest;
  const [backendName = "", name = ""] = place.split("/");
  if (name === "") return "Require 'backend/server'.\n";
  const backend = plane.backends.get(backendName);
  if (backend === undefined) return NO_BACKEND;
  const { proxy } = backend;
  if (!isDynamic(proxy.balance, proxy.hashType))
    return "Backend must use a dynamic load balancing to support dynamic servers.\n";
  if (backend.server(name) !== undefined) return "Already exists a server with the same name in backend.\n";
  if (words.length === 0) return "'server' expects <name> and <addr>[:<port>] as arguments.\n";
  if (backend.servers.length >= MOST_SERVERS) return `A backend has at most ${MOST_SERVERS} servers.\n`;
  const parsed = plane.hooks.parseServer?.(proxy, name, words) ?? "servers can't be added here.";
  if (typeof parsed === "string") return `${parsed}\n`;
  const used = new Set(backend.servers.map(({ id }) => id));
  let id = 1;
  while (used.has(id)) id += 1;
  const server = new ServerRuntime({ ...parsed, id, disabled: true }, backend);
  const tracked = trackedBy(plane, server);
  if (typeof tracked === "string") return `${tracked}\n`;
  // Its checks begin with `enable health`.
  server.checksPaused = true;
  server.agentPaused = true;
  server.isDynamic = true;
  backend.servers.push(server);
  backend.rebuild();
  if (tracked !== undefined) {
    server.tracked = tracked;
    tracked.followers.push(server);
    follow(plane, tracked, server);
  }
  plane.hooks.watchServer?.(server);
  return "New server registered.\n";
}

/** Whose state a new server's line names as its own, or why that can't be. */
function trackedBy(plane: DataPlane, { backend, settings }: ServerRuntime): ServerRuntime | string | undefined {
  const { track } = settings;
  if (track === undefined) return undefined;
  const place = track.proxy === undefined ? backend : plane.backends.get(track.proxy);
  if (place === undefined) return `unable to find required proxy '${track.proxy ?? ""}' for tracking.`;
  const found = place.server(track.server);
  if (found === undefined) return `unable to find required server '${track.server}' for tracking.`;
  const shown = `${place.name}/${found.name}`;
  if (found.isDynamic) return `unable to use ${shown} for tracking as it is a dynamic server.`;
  const { agent, check, track: further } = found.settings;
  if (!check.enabled && !agent.enabled && further === undefined)
    return `unable to use ${shown} for tracking as it does not have any check nor agent enabled.`;
  if (place !== backend && place.proxy.checkDisableOn404 !== backend.proxy.checkDisableOn404)
    return `unable to use ${shown} for tracking: disable-on-404 option inconsistency.`;
  return found;
}

function deleteServer(plane: DataPlane, rest: readonly string[]): string {
  return onServer(rest, plane, (server) => {
    const { backend } = server;
    if (server.followers.length > 0 || plane.isNamedByRules(server))
      return "This server cannot be removed at runtime due to other configuration elements pointing to it.\n";
    if (server.health.admin !== "maint") return "Only servers in maintenance mode can be deleted.\n";
    if (server.active > 0 || server.queued > 0)
      return "Server still has connections attached to it, cannot remove it.\n";
    server.closeIdle();
    const followers = server.tracked?.followers;
    followers?.splice(followers.indexOf(server), 1);
    backend.servers.splice(backend.servers.indexOf(server), 1);
    server.gone = true;
    backend.rebuild();
    return "Server deleted.\n";
  });
}

function switchChecks(on: boolean): CliCommand["run"] {
  return (plane, rest) =>
    onServer(rest, plane, (server) => {
      if (on && !server.settings.check.enabled)
        return "Health check was not configured on this server, cannot enable.\n";
      server.checksPaused = !on;
      if (!on && !server.health.up && !server.health.agentDown)
        applyHealth(plane, server, { ...server.health, up: true, streak: 0, changedMs: nowMs() });
      return "";
    });
}

function switchAgent(on: boolean): CliCommand["run"] {
  return (plane, rest) =>
    onServer(rest, plane, (server) => {
      if (on && !server.settings.agent.enabled) return "Agent was not configured on this server, cannot enable.\n";
      server.agentPaused = !on;
      return "";
    });
}

const NO_AGENT = "agent checks are not enabled on this server";

/** The words of `set server` about checks, agents, names and TLS; nothing for the others. */
export function setServerCheck(
  plane: DataPlane,
  server: ServerRuntime,
  what: string,
  value: string,
): string | undefined {
  switch (what) {
    case "check-port":
    case "agent-port": {
      const agent = what === "agent-port";
      if (agent && !server.settings.agent.enabled) return `${NO_AGENT}\n`;
      if (!agent && !server.settings.check.enabled) return "health checks are not enabled on this server\n";
      if (!/^\d+$/.test(value)) return "provided port is not an integer\n";
      if (Number(value) > 65_535) return "provided port is invalid\n";
      server[agent ? "agentPort" : "checkPort"] = Number(value);
      return "";
    }
    case "check-addr":
      if (!server.settings.check.enabled) return "health checks are not enabled on this server\n";
      server.checkHost = value;
      return "";
    case "agent-addr":
      if (!server.settings.agent.enabled) return `${NO_AGENT}\n`;
      server.agentHost = value;
      return "";
    case "agent-send":
      if (!server.settings.agent.enabled) return `${NO_AGENT}.\n`;
      server.agentSend = value;
      return "";
    case "agent":
      if (!server.settings.agent.enabled) return `${NO_AGENT}.\n`;
      if (value !== "up" && value !== "down") return "'set server <srv> agent' expects 'up' or 'down'.\n";
      applyHealth(plane, server, {
        ...server.health,
        agentDown: value === "down",
        up: value === "up",
        streak: 0,
        changedMs: nowMs(),
      });
      return "";
    case "fqdn":
      return setName(plane, server, value);
    case "ssl":
      return setTls(plane, server, value);
    default:
      return undefined;
  }
}

/** A name as DNS has it, RFC 1035 section 2.3.4. */
const NAME = /^[A-Za-z0-9._-]{1,255}$/;

/** `set server … fqdn NAME`: another name is looked up from now on; the address stays until that one resolves. */
function setName(plane: DataPlane, server: ServerRuntime, name: string): string {
  const { address, resolution } = server.settings;
  if (name === "") return "set server <b>/<s> fqdn requires a FQDN.\n";
  if (resolution === undefined || address.kind !== "name" || plane.names === undefined)
    return "set server <b>/<s> fqdn failed because no resolution is configured.\n";
  if (address.host.startsWith("_")) return "set server <b>/<s> fqdn failed because SRV resolution is configured.\n";
  const by = "by 'stats socket command'\n";
  if (server.fqdn === name) return `no need to change the FDQN ${by}`;
  if (!NAME.test(name)) return `invalid fqdn '${name}' ${by}`;
  const changed = `${server.backend.name}/${server.name} changed its FQDN from ${server.fqdn} to ${name} ${by}`;
  plane.names.rename(server, name);
  return changed;
}

/** `set server … ssl on|off`; checks go on as they do. */
function setTls(plane: DataPlane, server: ServerRuntime, value: string): string {
  if (server.isDynamic) return "'set server <srv> ssl' not supported on dynamic servers\n";
  if (server.tls === undefined)
    return "'set server <srv> ssl' cannot be set.  default-server should define ssl settings\n";
  if (value !== "on" && value !== "off") return "'set server <srv> ssl' expects 'on' or 'off'.\n";
  switchTls(plane, server, value === "on");
  return "server ssl setting updated.\n";
}

export const SERVER_COMMANDS: readonly CliCommand[] = [
  { words: "add server", usage: "add server <b>/<s> <address> [options]", level: "admin", run: addServer },
  { words: "del server", usage: "del server <b>/<s>", level: "admin", run: deleteServer },
  { words: "enable health", usage: "enable health <b>/<s>", level: "admin", run: switchChecks(true) },
  { words: "disable health", usage: "disable health <b>/<s>", level: "admin", run: switchChecks(false) },
  { words: "enable agent", usage: "enable agent <b>/<s>", level: "admin", run: switchAgent(true) },
  { words: "disable agent", usage: "disable agent <b>/<s>", level: "admin", run: switchAgent(false) },
];
