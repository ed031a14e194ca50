import type { Position } from "../../../shared/text/position.ts";
import type { SocketAddress } from "../model/address.ts";
import type {
  CacheSection,
  HttpErrors,
  Mailers,
  Peers,
  Resolvers,
  Ring,
  TlsDefaults,
  UserList,
} from "../model/global.ts";
import { parseSocketAddress } from "./address.ts";
import { parseBind } from "./bind.ts";
import { hintFor, type Line } from "./line.ts";
import type { Scope } from "./scope.ts";
import { parseStickTable } from "./stick.ts";

/** A section that is read line by line and gives a value in the end. */
export interface SectionReader<Value> {
  read(line: Line): void;
  finish(): Value;
}

function unknown(line: Line, section: string, keywords: readonly string[]): void {
  const keyword = line.text(0);
  line.problem("LB_UNKNOWN_KEYWORD", { keyword, section, hint: hintFor(keyword, keywords) });
}

function addressAt(line: Line, index: number, keyword: string): SocketAddress | undefined {
  const text = line.need(index, keyword, "an address");
  if (text === undefined) return undefined;
  const parsed = parseSocketAddress(line.address(index));
  if (typeof parsed !== "string") return parsed.address;
  line.problem("LB_BAD_ADDRESS", { keyword, text, problem: parsed }, index);
  return undefined;
}

export function userListReader(name: string, at: Position): SectionReader<UserList> {
  const groups = new Map<string, readonly string[]>();
  const users = new Map<string, { password: string; hashed: boolean; groups: readonly string[] }>();
  return {
    read(line) {
      const keyword = line.text(0);
      if (keyword !== "group" && keyword !== "user") return unknown(line, "userlist", ["group", "user"]);
      const who = line.need(1, keyword, "a name");
      if (who === undefined) return;
      if (keyword === "group") {
        const members =
          line.text(2) === "users"
            ? line
                .text(3)
                .split(",")
                .filter((part) => part !== "")
            : [];
        if (line.has(2)) line.choice(2, "group", ["users"]);
        if (groups.has(who)) line.problem("LB_DUPLICATE_NAME", { kind: "group", name: who, other: "this list" }, 1);
        groups.set(who, members);
        return;
      }
      if (users.has(who)) line.problem("LB_DUPLICATE_NAME", { kind: "user", name: who, other: "this list" }, 1);
      users.set(who, readUser(line, who));
    },
    finish() {
      for (const [group, members] of groups) {
        for (const member of members) {
          const user = users.get(member);
          if (user !== undefined && !user.groups.includes(group))
            users.set(member, { ...user, groups: [...user.groups, group] });
        }
      }
      return { name, groups, users, at };
    },
  };
}

function readUser(line: Line, who: string): { password: string; hashed: boolean; groups: readonly string[] } {
  const user = { password: "", hashed: true, groups: [] as readonly string[] };
  for (let index = 2; index < line.length; index += 2) {
    const word = line.choice(index, "user", ["password", "insecure-password", "groups"]);
    const value = word === undefined ? undefined : line.need(index + 1, `user ${word}`, "an argument");
    if (word === undefined || value === undefined) return user;
    if (word === "groups") user.groups = value.split(",");
    else {
      user.password = value;
      user.hashed = word === "password";
    }
  }
  if (!user.hashed) line.problem("LB_PLAIN_PASSWORD", { user: who }, 1);
  return user;
}

const RESOLVER_KEYWORDS = [
  "nameserver",
  "parse-resolv-conf",
  "accepted_payload_size",
  "resolve_retries",
  "timeout",
  "hold",
];
const HOLDS = ["other", "refused", "nx", "timeout", "valid", "obsolete"] as const;
const DNS_PORT = 53;

export function resolversReader(name: string, at: Position): SectionReader<Resolvers> {
  const nameServers: { name: string; address: SocketAddress; stream: boolean }[] = [];
  const holdMs = { other: 30_000, refused: 30_000, nx: 30_000, timeout: 30_000, valid: 10_000, obsolete: 0 };
  const settings = {
    parseResolvConf: false,
    acceptedPayloadBytes: 512,
    resolveRetries: 3,
    timeoutResolveMs: 1000,
    timeoutRetryMs: 1000,
  };
  return {
    read(line) {
      switch (line.text(0)) {
        case "nameserver": {
          const who = line.need(1, "nameserver", "a name and an address");
          const address = who === undefined ? undefined : addressAt(line, 2, "nameserver");
          if (who === undefined || address === undefined) return;
          const withPort =
            address.kind === "ip" && address.port === 0 ? { ...address, port: DNS_PORT, portEnd: DNS_PORT } : address;
          nameServers.push({ name: who, address: withPort, stream: /^(stream\+|tcp[46]?@)/.test(line.text(2)) });
          return;
        }
        case "parse-resolv-conf":
          settings.parseResolvConf = true;
          return;
        case "accepted_payload_size":
          settings.acceptedPayloadBytes = line.integer(1, "accepted_payload_size", 512, 65535) ?? 512;
          return;
        case "resolve_retries":
          settings.resolveRetries = line.integer(1, "resolve_retries", 1, 2 ** 31 - 1) ?? 3;
          return;
        case "timeout": {
          const which = line.choice(1, "timeout", ["resolve", "retry"]);
          const timeMs = which === undefined ? undefined : line.time(2, `timeout ${which}`);
          if (timeMs !== undefined) settings[which === "resolve" ? "timeoutResolveMs" : "timeoutRetryMs"] = timeMs;
          return;
        }
        case "hold": {
          const which = line.choice(1, "hold", HOLDS);
          const timeMs = which === undefined ? undefined : line.time(2, `hold ${which}`);
          if (which !== undefined && timeMs !== undefined) holdMs[which] = timeMs;
          return;
        }
        default:
          unknown(line, "resolvers", RESOLVER_KEYWORDS);
      }
    },
    finish: () => ({ name, nameServers, holdMs, ...settings, at }),
  };
}

const PEERS_KEYWORDS = [
  "peer",
  "server",
  "default-server",
  "bind",
  "default-bind",
  "table",
  "log",
  "disabled",
  "enabled",
  "shards",
];

export function peersReader(scope: Scope, name: string, at: Position, tls: TlsDefaults): SectionReader<Peers> {
  const peers: Peers["peers"][number][] = [];
  const binds: Peers["binds"][number][] = [];
  const tables: Peers["tables"][number][] = [];
  let disabled = false;
  return {
    read(line) {
      switch (line.text(0)) {
        case "peer":
        case "server": {
          const who = line.need(1, "peer", "a name");
          if (who === undefined) return;
          // Without an address it is this host, which a 'bind' line describes.
          const address = line.has(2) ? addressAt(line, 2, "peer") : undefined;
          if (address !== undefined && address.kind === "ip" && address.port === 0) {
            line.problem("LB_BAD_ADDRESS", { keyword: "peer", text: line.text(2), problem: "missing port" }, 2);
          }
          const own: SocketAddress = address ?? { kind: "unix", path: "", abstract: false };
          peers.push({ name: who, address: own, local: address === undefined, at: line.span(0) });
          return;
        }
        case "bind":
          binds.push(...parseBind(line, 1, "bind", tls));
          return;
        case "table": {
          const table = line.need(1, "table", "a name, then 'type …'");
          const parsed = table === undefined ? undefined : parseStickTable(scope, line, 2, `${name}/${table}`);
          if (parsed !== undefined) tables.push({ ...parsed, peers: name });
          return;
        }
        case "disabled":
          disabled = true;
          return;
        case "enabled":
          disabled = false;
          return;
        case "default-server":
        case "default-bind":
        case "log":
        case "shards":
          line.problem("LB_IGNORED", {
            keyword: line.text(0),
            means: "peers are connected with the settings on their own lines",
          });
          return;
        default:
          unknown(line, "peers", PEERS_KEYWORDS);
      }
    },
    finish: () => ({ name, disabled, peers, binds, tables, at }),
  };
}

export function mailersReader(name: string, at: Position): SectionReader<Mailers> {
  const mailers: { name: string; address: SocketAddress }[] = [];
  let timeoutMs = 10_000;
  return {
    read(line) {
      if (line.text(0) === "timeout") {
        if (line.choice(1, "timeout", ["mail"]) !== undefined) timeoutMs = line.time(2, "timeout mail") ?? timeoutMs;
      } else if (line.text(0) === "mailer") {
        const who = line.need(1, "mailer", "a name and an address");
        const address = who === undefined ? undefined : addressAt(line, 2, "mailer");
        if (who !== undefined && address !== undefined) mailers.push({ name: who, address });
      } else unknown(line, "mailers", ["mailer", "timeout"]);
    },
    finish: () => ({ name, mailers, timeoutMs, at }),
  };
}

export function httpErrorsReader(name: string, at: Position): SectionReader<HttpErrors> {
  const files = new Map<number, string>();
  return {
    read(line) {
      if (line.text(0) !== "errorfile") return unknown(line, "http-errors", ["errorfile"]);
      const status = line.integer(1, "errorfile", 200, 599);
      const path = line.need(2, "errorfile", "a status and a file");
      if (status !== undefined && path !== undefined) files.set(status, path);
    },
    finish: () => ({ name, files, at }),
  };
}

export function cacheReader(name: string, at: Position): SectionReader<CacheSection> {
  const settings = {
    totalMegabytes: 0,
    maxObjectBytes: 0,
    maxAgeSeconds: 60,
    processVary: false,
    maxSecondaryEntries: 10,
  };
  const keywords = ["total-max-size", "max-object-size", "max-age", "process-vary", "max-secondary-entries"];
  return {
    read(line) {
      const keyword = line.text(0);
      const max = 2 ** 31 - 1;
      if (keyword === "total-max-size") settings.totalMegabytes = line.integer(1, keyword, 1, 4095) ?? 0;
      else if (keyword === "max-object-size") settings.maxObjectBytes = line.integer(1, keyword, 1, max) ?? 0;
      else if (keyword === "max-age") settings.maxAgeSeconds = line.integer(1, keyword, 1, max) ?? 60;
      else if (keyword === "max-secondary-entries")
        settings.maxSecondaryEntries = line.integer(1, keyword, 1, max) ?? 10;
      else if (keyword === "process-vary") settings.processVary = line.onOff(1, keyword) ?? false;
      else unknown(line, "cache", keywords);
    },
    finish: () => ({ name, ...settings, at }),
  };
}

const RING_KEYWORDS = ["description", "format", "maxlen", "size", "timeout", "server", "backing-file"];
const RING_FORMATS = ["iso", "local", "raw", "rfc3164", "rfc5424", "short", "priority", "timed"] as const;

export function ringReader(name: string, at: Position): SectionReader<Ring> {
  const servers: { name: string; address: SocketAddress }[] = [];
  let format: Ring["format"] = "raw";
  let maxLengthBytes = 1024;
  let sizeBytes = 16384;
  let description = "";
  return {
    read(line) {
      switch (line.text(0)) {
        case "description":
          description = line.rest(1);
          return;
        case "format":
          format = line.choice(1, "format", RING_FORMATS) ?? format;
          return;
        case "maxlen":
          maxLengthBytes = line.integer(1, "maxlen", 80, 65535) ?? maxLengthBytes;
          return;
        case "size":
          sizeBytes = line.size(1, "size") ?? sizeBytes;
          return;
        case "timeout":
          line.choice(1, "timeout", ["connect", "server"]);
          line.time(2, "timeout");
          return;
        case "server": {
          const who = line.need(1, "server", "a name and an address");
          const address = who === undefined ? undefined : addressAt(line, 2, "server");
          if (who !== undefined && address !== undefined) servers.push({ name: who, address });
          return;
        }
        case "backing-file":
          line.problem("LB_IGNORED", { keyword: "backing-file", means: "rings live in memory only" });
          return;
        default:
          unknown(line, "ring", RING_KEYWORDS);
      }
    },
    finish: () => ({
      name,
      servers,
      format,
      maxLengthBytes,
      sizeBytes,
      ...(description === "" ? {} : { description }),
      at,
    }),
  };
}
