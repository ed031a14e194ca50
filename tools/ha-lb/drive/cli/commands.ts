/** Commands of the socket, management guide chapter 9.3. */
import type { DataPlane } from "../plane.ts";
import type { ServerRuntime } from "../runtime.ts";
import { applyHealth, changeServer, setAddress, setMaxConnections, setWeight } from "../server-admin.ts";
import { showServersState } from "../server-states.ts";
import { parseIp } from "../../model/ip.ts";
import { nowMs } from "../timer-wheel.ts";
import { showResolvers } from "./dns-commands.ts";
import { CERTIFICATE_COMMANDS } from "./certificate-commands.ts";
import { type CliCommand, wordsOf, type Level, NO_SERVER, onServer } from "./command.ts";
import { FRONTEND_COMMANDS } from "./frontend-commands.ts";
import { addToList, changeMap, changeVersion, showLists } from "./list-commands.ts";
import { getEntry, setOtherMaxconn, setTable, showCommandSockets, showStat } from "./more-commands.ts";
import { PROCESS_COMMANDS } from "./process-commands.ts";
import { SERVER_COMMANDS, setServerCheck } from "./server-commands.ts";
import { showInfo } from "./process-info.ts";
import { showErrors, showServersConn } from "./show-commands.ts";
import { clearTable, showTable } from "./table-commands.ts";

const RANK = { user: 0, operator: 1, admin: 2 } as const;

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
        return moveServer(plane, server, value, port);
      default:
        return (
          setServerCheck(plane, server, what ?? "", value) ??
          "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | check-port | fqdn | health | ssl | state | weight\n"
        );
    }
  });
}

/** `set server … addr HOST [port PORT]`, told in haproxy's words. */
function moveServer(plane: DataPlane, server: ServerRuntime, host: string, portText: string | undefined): string {
  if (parseIp(host) === undefined) return `Invalid addr format for '${host}'\n`;
  if (portText !== undefined && !/^\d+$/.test(portText)) return "provided port is not an integer\n";
  const port = portText === undefined ? server.port : Number(portText);
  const before = { host: server.host, port: server.port };
  const moved = before.host === host ? "no need to change the addr" : `IP changed from '${before.host}' to '${host}'`;
  const other = before.port === port ? "no need to change the port" : `port changed from '${before.port}' to '${port}'`;
  setAddress(plane, server, host, port);
  return `${moved}${portText === undefined ? "" : `, ${other}`} by 'stats socket command'\n`;
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

function clearAllCounters(plane: DataPlane): string {
  for (const { active, counters } of plane.frontends) counters.clear(active);
  for (const backend of plane.backends.values()) {
    for (const { active, counters } of [backend, ...backend.servers]) counters.clear(active);
  }
  return "";
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
  {
    words: "show resolvers",
    usage: "show resolvers [id]",
    level: "user",
    run: (plane, rest) => showResolvers(plane, rest[0]),
  },
  { words: "show errors", usage: "show errors", level: "operator", run: (plane) => showErrors(plane) },
  {
    words: "show table",
    usage: "show table [name [data.<counter> <op> <value>|key <key>]]",
    level: "user",
    run: showTable,
  },
  { words: "show map", usage: "show map [name]", level: "user", run: (plane, rest) => showLists(plane, true, rest) },
  {
    words: "show acl",
    usage: "show acl [name]",
    level: "user",
    run: (plane, rest) => showLists(plane, false, rest),
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
  {
    words: "set server",
    usage: "set server <b>/<s> [state|weight|health|addr|fqdn|ssl] …",
    level: "admin",
    run: setServer,
  },
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
  { words: "clear counters all", usage: "clear counters all", level: "admin", run: clearAllCounters },
  { words: "clear counters", usage: "clear counters", level: "operator", run: clearCounters },
  {
    words: "clear table",
    usage: "clear table <name> [data.<counter> <op> <value>|key <key>]",
    level: "admin",
    run: clearTable,
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
  ...(["map", "acl"] as const).flatMap((kind) =>
    (["prepare", "commit"] as const).map((operation): CliCommand => ({
      words: `${operation} ${kind}`,
      usage: `${operation} ${kind} ${operation === "commit" ? "@<ver> " : ""}<${kind}>`,
      level: "operator",
      run: (plane, rest) => changeVersion(plane, kind === "map", operation, rest),
    })),
  ),
  ...SERVER_COMMANDS,
  ...FRONTEND_COMMANDS,
  ...CERTIFICATE_COMMANDS,
  ...PROCESS_COMMANDS,
];

/** All commands of a level, or those that begin with the words after `help`. */
function help(level: Level, filter: string): string {
  const known = COMMANDS.filter(({ level: needed, words }) => RANK[needed] <= RANK[level] && words.startsWith(filter));
  return `The following commands are valid at this level:\n${known.map((command) => `  ${command.usage}\n`).join("")}  help [<command>]\n  prompt\n  quit\n`;
}

/** What each worker has for itself, and the command must reach all of them. */
const SHARED =
  /^((add|set|del|clear|prepare|commit) (map|acl)|(set|clear) table|set maxconn (frontend|global)|(add|del) server|(enable|disable|shutdown) frontend|(set|commit|abort|new|del|add) ssl) /;

export type { Level } from "./command.ts";

/** The answer to one command, without the empty line that ends it. */
export function answerCommand(plane: DataPlane, level: Level, command: string, payload: string | undefined): string {
  const text = command.replace(/\s+/g, " ");
  if (text === "show cli level") return `${level}\n`;
  const found = COMMANDS.find(({ words }) => text === words || text.startsWith(`${words} `));
  if (found === undefined)
    return /^help( |$)/.test(text)
      ? help(level, text.slice("help ".length))
      : `Unknown command: '${text.split(" ")[0] ?? ""}'.\n${help(level, "")}`;
  if (RANK[found.level] > RANK[level]) return "Permission denied\n";
  const rest = text.slice(found.words.length).trim();
  if (SHARED.test(text)) plane.onSharedCommand?.(text, payload);
  return found.run(plane, wordsOf(rest), payload);
}
