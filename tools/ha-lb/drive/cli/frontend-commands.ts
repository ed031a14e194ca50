/** Frontends that stop taking connections for a while or for good, and single sessions. */
import { abandon } from "../http/client-events.ts";
import type { DataPlane } from "../plane.ts";
import type { FrontendRuntime } from "../runtime.ts";
import type { TcpSession } from "../tcp/session.ts";
import { nowMs } from "../timer-wheel.ts";
import type { CliCommand } from "./command.ts";

function onFrontend(plane: DataPlane, rest: readonly string[], act: (frontend: FrontendRuntime) => string): string {
  if (rest[0] === undefined) return "A frontend name is expected.\n";
  const frontend = plane.frontends.find(({ name }) => name === rest[0]);
  return frontend === undefined ? "No such frontend.\n" : act(frontend);
}

function disable(plane: DataPlane, rest: readonly string[]): string {
  return onFrontend(plane, rest, (frontend) => {
    if (frontend.listening === "closed") return "Frontend was previously shut down, cannot disable.\n";
    if (frontend.listening === "paused") return "All sockets are already disabled.\n";
    frontend.listening = "paused";
    plane.hooks.listenNoMore?.(frontend);
    return "";
  });
}

function enable(plane: DataPlane, rest: readonly string[]): string {
  return onFrontend(plane, rest, (frontend) => {
    if (frontend.listening === "closed") return "Frontend was previously shut down, cannot enable.\n";
    if (frontend.listening === "open") return "All sockets are already enabled.\n";
    frontend.listening = "open";
    plane.hooks.listenAgain?.(frontend);
    return "";
  });
}

function shutDown(plane: DataPlane, rest: readonly string[]): string {
  return onFrontend(plane, rest, (frontend) => {
    if (frontend.listening === "closed") return "Frontend was already shut down.\n";
    const wasOpen = frontend.listening === "open";
    frontend.listening = "closed";
    if (wasOpen) plane.hooks.listenNoMore?.(frontend);
    return "";
  });
}

/** Sessions get a name when somebody looks at them. */
const names = new WeakMap<object, string>();
let lastName = 0;

function sessionName(client: object): string {
  const known = names.get(client) ?? `0x${(lastName += 1).toString(16)}`;
  names.set(client, known);
  return known;
}

/** `show sess [ID|all]`: one line a session, or all that is known of one. */
function showSessions(plane: DataPlane, rest: readonly string[]): string {
  const [wanted] = rest;
  const session = [...plane.sessions].find((one) => sessionName(one) === wanted);
  if (session !== undefined) return sessionLine(session);
  if (wanted === "help" || wanted === undefined || wanted === "all") {
    const requests = [...plane.clients].map((client) => (wanted === "all" ? details(plane, client) : line(client)));
    return [...requests, ...Array.from(plane.sessions, sessionLine)].join("");
  }
  const found = [...plane.clients].find((client) => sessionName(client) === wanted);
  return found === undefined ? "Session not found.\n" : details(plane, found);
}

type Client = DataPlane["clients"] extends ReadonlySet<infer One> ? One : never;

function line(client: Client): string {
  const age = Math.floor((nowMs() - client.acceptMs) / 1000);
  return `${sessionName(client)}: proto=tcp src=${client.sourceAddress}:${client.sourcePort} fe=${client.frontend.name} be=${client.backend?.name ?? "<NONE>"} srv=${client.server?.name ?? "<none>"} ts=${client.phase} age=${age}s calls=${client.requests}\n`;
}

/** A session of `mode tcp`. */
function sessionLine(session: TcpSession): string {
  const { acceptMs, backend, bytesOut, ends, frontend, hasPlace, server } = session;
  const age = Math.floor((nowMs() - acceptMs) / 1000);
  const place = server === undefined ? "" : ` address=${server.host}:${server.port}`;
  return `${sessionName(session)}: proto=tcp src=${ends.source}:${ends.sourcePort} fe=${frontend.name} be=${backend?.name ?? "<NONE>"} srv=${server?.name ?? "<none>"}${place} ts=${hasPlace ? "connected" : "waiting"} age=${age}s out=${bytesOut}\n`;
}

function details(plane: DataPlane, client: Client): string {
  const { backend, head, server } = client;
  const place = server === undefined ? "" : ` address=${server.host}:${server.port}`;
  const request = head.method === "" ? "" : `  request=${JSON.stringify(`${head.method} ${head.target}`)}\n`;
  return (
    `${sessionName(client)}: [${new Date(Date.now() - (nowMs() - client.acceptMs)).toISOString()}] source=${client.sourceAddress}:${client.sourcePort}\n` +
    `  frontend=${client.frontend.name} (id=${client.frontend.proxy.id} mode=http) destination=${client.destinationAddress}:${client.destinationPort}\n` +
    `  backend=${backend?.name ?? "<NONE>"}${backend === undefined ? "" : ` (id=${backend.proxy.id})`}\n` +
    `  server=${server?.name ?? "<none>"}${server === undefined ? "" : ` (id=${server.id})`}${place}\n` +
    `${request}  phase=${client.phase} requests=${client.requests} stopping=${plane.stopping ? 1 : 0}\n`
  );
}

function shutSession(plane: DataPlane, rest: readonly string[]): string {
  const session = [...plane.sessions].find((one) => sessionName(one) === rest[0]);
  if (session !== undefined) {
    session.cut("K");
    return "";
  }
  const found = [...plane.clients].find((client) => sessionName(client) === rest[0]);
  if (found === undefined) return "No such session (use 'show sess').\n";
  if (found.placed) abandon(found, "K");
  else found.abort();
  return "";
}

export const FRONTEND_COMMANDS: readonly CliCommand[] = [
  { words: "disable frontend", usage: "disable frontend <frontend>", level: "admin", run: disable },
  { words: "enable frontend", usage: "enable frontend <frontend>", level: "admin", run: enable },
  { words: "shutdown frontend", usage: "shutdown frontend <frontend>", level: "admin", run: shutDown },
  { words: "show sess", usage: "show sess [<id>|all]", level: "operator", run: showSessions },
  { words: "shutdown session", usage: "shutdown session <id>", level: "admin", run: shutSession },
];
