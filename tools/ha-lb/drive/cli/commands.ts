/** Commands of the socket, management guide chapter 9.3. */
import type { DataPlane } from "../plane.ts";
import type { ServerRuntime } from "../runtime.ts";
import { applyHealth, changeServer, setAddress, setMaxConnections, setWeight } from "../server-admin.ts";
import { showServersState } from "../server-states.ts";
import { nowMs } from "../timer-wheel.ts";
import { showResolvers } from "./dns-commands.ts";
import { addToList, changeMap, clearTable, showLists, showTable } from "./list-commands.ts";
import { getEntry, setOtherMaxconn, setTable, showCommandSockets, showStat } from "./more-commands.ts";
import { showInfo, showServersConn, showSessions, showErrors } from "./show-commands.ts";

export type Level = "user" | "operator" | "admin";
const RANK = { user: 0, operator: 1, admin: 2 } as const;

interface CliCommand {
  /** The words it begins with. */
  readonly words: string;
  readonly usage: string;
  readonly level: Level;
  readonly run: (plane: DataPlane, rest: readonly string[], payload: string | undefined) => string;
}

const NO_SERVER = "No such server.\n";
const REQUIRES_NAME = "Require 'backend/server'.\n";

/** Finds `backend/server` and acts on it. */
function onServer(rest: readonly string[], plane: DataPlane, act: (server: ServerRuntime) => string): string {
  const [backendName, name] = (rest[0] ?? "").split("/");
  if (backendName === undefined || name === undefined) return REQUIRES_NAME;
  const backend = plane.backends.get(backendName);
  if (backend === undefined) return "No such backend.\n";
  const server = name.startsWith("#")
    ? backend.servers.find((one) => one.id === Number(name.slice(1)))
    : backend.server(name);
  return server === undefined ? NO_SERVER : act(server);
}

/** `50%` of the configured weight, or a number. */
function parseWeight(text: string, server: ServerRuntime): number | string {
  const found = /^(\d+)(%?)$/.exec(text);
  if (found === null) return "Empty weight string empty or preceded by garbage";
  const weight = found[2] === "%" ? Math.ceil((server.settings.weight * Number(found[1])) / 100) : Number(found[1]);
  const kind = found[2] === "%" ? "Relative" : "Absolute";
  return weight > 256 ? `${kind} weight can only be between 0 and 256 inclusive.\n` : weight;
}

function weigh(plane: DataPlane, rest: readonly string[]): string {
  return onServer(rest, plane, (server) => {
    const weight = parseWeight(rest[1] ?? "", server);
    if (typeof weight === "string") return weight;
    setWeight(plane, server, weight);
    return "";
  });
}

function setServer(plane: DataPlane, rest: readonly string[]): string {
  return onServer(rest, plane, (server) => {
    const [, what, value = "", , port] = rest;
    switch (what) {
      case "weight":
        return weigh(plane, [rest[0] ?? "", value]);
      case "state":
        return changeServer(plane, server, value)
          ? ""
          : "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n";
      case "health": {
        if (!["up", "stopping", "down"].includes(value)) {
          return "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n";
        }
        const health = {
          ...server.health,
          up: value !== "down",
          stopping: value === "stopping",
          streak: 0,
          changedMs: nowMs(),
        };
        applyHealth(plane, server, health);
        return "";
      }
      case "addr":
        setAddress(plane, server, value, port !== undefined && /^\d+$/.test(port) ? Number(port) : server.port);
        return `IP changed to '${value}', port '${server.port}' by 'stats socket command'\n`;
      default:
        return "'set server <srv>' only supports 'state', 'weight', 'health', 'addr'.\n";
    }
  });
}

function setMaxconn(plane: DataPlane, rest: readonly string[]): string {
  const other = setOtherMaxconn(plane, rest);
  if (other !== undefined) return other;
  if (rest[0] !== "server") return "'set maxconn' only supports 'frontend', 'server', and 'global'.\n";
  return onServer(rest.slice(1), plane, (server) => {
    const most = Number(rest[2]);
    if (!Number.isInteger(most) || most < 0) return "Integer value expected.\n";
    setMaxConnections(plane, server, most);
    return "";
  });
}

function change(action: string): CliCommand["run"] {
  return (plane, rest) => onServer(rest, plane, (server) => (changeServer(plane, server, action) ? "" : NO_SERVER));
}

function clearCounters(plane: DataPlane): string {
  for (const holder of [...plane.frontends, ...plane.backends.values()]) {
    holder.counters.highestActive = holder.active;
    holder.counters.rate.highest = 0;
    holder.counters.highestQueue = 0;
  }
  return "";
}

const COMMANDS: readonly CliCommand[] = [
  {
    words: "show info",
    usage: "show info [typed|json]",
    level: "user",
    run: (plane, rest) => showInfo(plane, rest[0]),
  },
  {
    words: "show stat",
    usage: "show stat [<proxy> <types> <server>] [typed|json]",
    level: "user",
    run: showStat,
  },
  {
    words: "show servers state",
    usage: "show servers state [backend]",
    level: "user",
    run: (plane, rest) => showServersState(plane, rest[0]),
  },
  {
    words: "show servers conn",
    usage: "show servers conn [backend]",
    level: "user",
    run: (plane, rest) => showServersConn(plane, rest[0]),
  },
  {
    words: "show backend",
    usage: "show backend",
    level: "user",
    run: (plane) => `# name\n${[...plane.backends.keys()].map((name) => `${name}\n`).join("")}`,
  },
  { words: "show sess", usage: "show sess", level: "operator", run: (plane) => showSessions(plane) },
  {
    words: "show resolvers",
    usage: "show resolvers [id]",
    level: "user",
    run: (plane, rest) => showResolvers(plane, rest[0]),
  },
  { words: "show errors", usage: "show errors", level: "operator", run: (plane) => showErrors(plane) },
  { words: "show table", usage: "show table [name]", level: "user", run: (plane, rest) => showTable(plane, rest[0]) },
  { words: "show map", usage: "show map [name]", level: "user", run: (plane, rest) => showLists(plane, true, rest[0]) },
  {
    words: "show acl",
    usage: "show acl [name]",
    level: "user",
    run: (plane, rest) => showLists(plane, false, rest[0]),
  },
  {
    words: "get map",
    usage: "get map <map> <key>",
    level: "user",
    run: (plane, rest) => getEntry(plane, true, rest),
  },
  {
    words: "get acl",
    usage: "get acl <acl> <pattern>",
    level: "user",
    run: (plane, rest) => getEntry(plane, false, rest),
  },
  { words: "set table", usage: "set table <name> key <key> data.<counter> <value> …", level: "admin", run: setTable },
  { words: "show version", usage: "show version", level: "user", run: (plane) => `${plane.version}\n` },
  { words: "show cli sockets", usage: "show cli sockets", level: "operator", run: showCommandSockets },
  { words: "set server", usage: "set server <b>/<s> [state|weight|health|addr] …", level: "admin", run: setServer },
  { words: "set weight", usage: "set weight <b>/<s> <weight>", level: "admin", run: weigh },
  {
    words: "get weight",
    usage: "get weight <b>/<s>",
    level: "user",
    run: (plane, rest) =>
      onServer(rest, plane, (server) => `${server.wantedWeight} (initial ${server.settings.weight})\n`),
  },
  {
    words: "set maxconn",
    usage: "set maxconn [global|frontend <f>|server <b>/<s>] <number>",
    level: "admin",
    run: setMaxconn,
  },
  { words: "enable server", usage: "enable server <b>/<s>", level: "admin", run: change("ready") },
  { words: "disable server", usage: "disable server <b>/<s>", level: "admin", run: change("maint") },
  {
    words: "shutdown sessions server",
    usage: "shutdown sessions server <b>/<s>",
    level: "admin",
    run: change("shutdown"),
  },
  { words: "clear counters", usage: "clear counters [all]", level: "operator", run: clearCounters },
  {
    words: "clear table",
    usage: "clear table <name> [key <key>]",
    level: "admin",
    run: (plane, rest) => clearTable(plane, rest),
  },
  {
    words: "add map",
    usage: "add map <map> <key> <value>",
    level: "operator",
    run: (plane, rest, payload) => changeMap(plane, "add", rest, payload),
  },
  {
    words: "set map",
    usage: "set map <map> <key> <value>",
    level: "operator",
    run: (plane, rest) => changeMap(plane, "set", rest, undefined),
  },
  {
    words: "del map",
    usage: "del map <map> <key>",
    level: "operator",
    run: (plane, rest) => changeMap(plane, "del", rest, undefined),
  },
  {
    words: "clear map",
    usage: "clear map <map>",
    level: "operator",
    run: (plane, rest) => changeMap(plane, "clear", rest, undefined),
  },
  {
    words: "add acl",
    usage: "add acl <acl> <pattern>",
    level: "operator",
    run: (plane, rest, payload) => addToList(plane, "add", rest, payload),
  },
  {
    words: "del acl",
    usage: "del acl <acl> <pattern>",
    level: "operator",
    run: (plane, rest) => addToList(plane, "del", rest, undefined),
  },
  {
    words: "clear acl",
    usage: "clear acl <acl>",
    level: "operator",
    run: (plane, rest) => addToList(plane, "clear", rest, undefined),
  },
];

function help(level: Level): string {
  const known = COMMANDS.filter((command) => RANK[command.level] <= RANK[level]);
  return `The following commands are valid at this level:\n${known.map((command) => `  ${command.usage}\n`).join("")}  help\n  prompt\n  quit\n`;
}

/** What each worker has for itself, and the command must reach all of them. */
const SHARED = /^((add|set|del|clear) (map|acl)|(set|clear) table|set maxconn (frontend|global)) /;

/** The answer to one command, without the empty line that ends it. */
export function answerCommand(plane: DataPlane, level: Level, command: string, payload: string | undefined): string {
  const text = command.replace(/\s+/g, " ");
  if (text === "show cli level") return `${level}\n`;
  const found = COMMANDS.find(({ words }) => text === words || text.startsWith(`${words} `));
  if (found === undefined)
    return text === "help" ? help(level) : `Unknown command: '${text.split(" ")[0] ?? ""}'.\n${help(level)}`;
  if (RANK[found.level] > RANK[level]) return "Permission denied\n";
  const rest = text.slice(found.words.length).trim();
  if (SHARED.test(text)) plane.onSharedCommand?.(text, payload);
  return found.run(plane, rest === "" ? [] : rest.split(" "), payload);
}
