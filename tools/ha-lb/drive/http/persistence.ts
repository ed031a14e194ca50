/** What ties a request to a server: cookies, `use-server`, stick tables, persist rules. */
import {
  findCookie,
  isCacheable,
  needsNewDate,
  removeCookieLine,
  rewriteRequestCookies,
  setCookieLine,
  staleness,
} from "../../decide/cookie.ts";
import { HEAD, type Head } from "../../decide/http/head.ts";
import type { Cookie } from "../../model/balance.ts";
import type { BackendRuntime, ServerRuntime } from "../runtime.ts";
import type { ClientConnection } from "./client.ts";

/** Looks for the server that this request belongs to, before balancing. Also edits the cookie that the server sees. */
export function tieToServer(client: ClientConnection, backend: BackendRuntime): void {
  const { rules, proxy } = backend;
  if (rules.useServer.length > 0) {
    const stream = client.plane.streamOf(client);
    const rule = rules.useServer.find((one) => one.when(stream));
    const server = rule === undefined ? undefined : backend.server(rule.name(stream));
    if (server !== undefined && mayTie(client, backend, server)) tie(client, server);
  }
  const { cookie } = proxy;
  if (cookie !== undefined) tieByCookie(client, backend);
  if (!client.tied && backend.stick !== undefined) {
    const server = backend.stick.match(client.plane.streamOf(client));
    if (server !== undefined && mayTie(client, backend, server)) tie(client, server);
  }
}

function tie(client: ClientConnection, server: ServerRuntime): void {
  client.server = server;
  client.tied = true;
}

function mayTie(client: ClientConnection, backend: BackendRuntime, server: ServerRuntime): boolean {
  if (server.takesTied) return true;
  if (backend.proxy.flags.has("persist")) return true;
  if (backend.rules.forcePersist.length === 0) return false;
  const stream = client.plane.streamOf(client);
  return backend.rules.forcePersist.some((when) => when(stream));
}

/** The third letter of the termination state: none, invalid, down, valid, expired, old, unused. */
function tieByCookie(client: ClientConnection, backend: BackendRuntime): void {
  const { cookie } = backend.proxy;
  if (cookie === undefined) return;
  const ignored =
    backend.rules.ignorePersist.length > 0 &&
    backend.rules.ignorePersist.some((when) => when(client.plane.streamOf(client)));
  client.persistIgnored = ignored;
  const found = (client.head.flags & HEAD.HAS_COOKIE) === 0 ? undefined : findCookie(client.head.all("cookie"), cookie);
  if (found === undefined) {
    client.cookieState = "N-";
    return;
  }
  client.cookieValue = found.value;
  const server = backend.servers.find(
    (one) => one.settings.cookie !== undefined && one.settings.cookie === found.server,
  );
  if (cookie.indirect || cookie.mode === "prefix") {
    const lines = rewriteRequestCookies(client.head.all("cookie"), cookie);
    client.head.removeNamed("cookie");
    for (const line of lines) client.head.add("Cookie", line);
  }
  const stale = staleness(found, cookie, Date.now());
  if (stale === undefined) client.cookieFound = found;
  if (ignored) client.cookieState = "U-";
  else if (stale !== undefined) client.cookieState = `${stale}-`;
  else if (server === undefined) client.cookieState = "I-";
  else if (!mayTie(client, backend, server)) client.cookieState = "D-";
  else {
    client.cookieState = "V-";
    if (!client.tied) tie(client, server);
  }
}

/** Header lines that set the cookie, and the fourth letter: inserted, rewritten, passed on, deleted. */
export function cookieForResponse(client: ClientConnection, head: Head, status: number): string {
  const { backend, server } = client;
  const cookie = backend?.proxy.cookie;
  if (cookie === undefined || server === undefined) {
    storeSticky(client);
    return "";
  }
  storeSticky(client);
  const value = server.settings.cookie;
  if (value === undefined) return cookieRemoval(client, cookie, head, status);
  const known = client.cookieState.charAt(0);
  const own = head.all("set-cookie").some((line) => line.startsWith(`${cookie.name}=`));
  switch (cookie.mode) {
    case "passive":
      if (own) client.cookieState = `${known}P`;
      return "";
    case "rewrite":
    case "prefix": {
      if (!own) return "";
      const rewrite = cookie.mode === "rewrite";
      head.map("set-cookie", (line) => {
        if (!line.startsWith(`${cookie.name}=`)) return line;
        const rest = line.slice(cookie.name.length + 1);
        const end = rest.search(/[;]|$/);
        return rewrite ? `${cookie.name}=${value}${rest.slice(end)}` : `${cookie.name}=${value}~${rest}`;
      });
      client.cookieState = `${known}R`;
      return "";
    }
    case "insert": {
      const right = known === "V" && client.cookieValue?.split("|", 1)[0] === value && !client.redispatched;
      if (own && cookie.preserve) {
        client.cookieState = `${known}P`;
        return "";
      }
      if (own) head.remove((name, text) => name === "set-cookie" && text.startsWith(`${cookie.name}=`));
      const nowMs = Date.now();
      const dated = client.cookieFound !== undefined && needsNewDate(client.cookieFound, cookie, nowMs);
      if (right && !dated) {
        client.cookieState = own ? `${known}D` : `${known}N`;
        return "";
      }
      if (client.persistIgnored) client.cookieState = own ? `${known}D` : `${known}N`;
      if (client.persistIgnored || (cookie.postOnly && client.head.method !== "POST")) return "";
      client.cookieState = right ? `${known}U` : `${known}I`;
      const hides = cookie.noCache && isCacheable(client.head.method, status, head);
      const firstMs = right ? client.cookieFound?.firstMs : undefined;
      return `Set-Cookie: ${setCookieLine(cookie, value, nowMs, firstMs)}\r\n${hides ? "Cache-Control: private\r\n" : ""}`;
    }
  }
}

/** A server without a cookie of its own takes away the one that clients may have, when cookies are inserted. */
function cookieRemoval(client: ClientConnection, cookie: Cookie, head: Head, status: number): string {
  if (cookie.mode !== "insert" || client.tied || client.persistIgnored) return "";
  if (cookie.postOnly && client.head.method !== "POST") return "";
  const own = head.all("set-cookie").some((line) => line.startsWith(`${cookie.name}=`));
  if (own && cookie.preserve) return "";
  if (own) head.remove((name, text) => name === "set-cookie" && text.startsWith(`${cookie.name}=`));
  client.cookieState = `${client.cookieState.charAt(0)}I`;
  const hides = cookie.noCache && isCacheable(client.head.method, status, head);
  return `Set-Cookie: ${removeCookieLine(cookie)}\r\n${hides ? "Cache-Control: private\r\n" : ""}`;
}

function storeSticky(client: ClientConnection): void {
  const { backend, server } = client;
  if (backend?.stick === undefined || server === undefined) return;
  backend.stick.store(client.plane.streamOf(client), server);
}
