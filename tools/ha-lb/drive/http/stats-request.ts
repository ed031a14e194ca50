/** The status page: who may see it, which form is asked for, and what administration does. */
import type { StatsPage } from "../../model/proxy.ts";
import { errorPage } from "../../decide/http/error-page.ts";
import { statsCsv } from "../../decide/stats-csv.ts";
import { statsHtml } from "../../decide/stats-html.ts";
import { lowerAscii } from "../../model/pattern.ts";
import type { ClientConnection } from "./client.ts";
import { reply } from "./finish.ts";

export function wantsStatsPage(client: ClientConnection, page: StatsPage): boolean {
  const { target } = client.head;
  if (!target.startsWith(page.uri)) return false;
  const next = target.charAt(page.uri.length);
  return next === "" || next === ";" || next === "?" || next === "/" || page.uri.endsWith("/");
}

function isAllowed(client: ClientConnection, page: StatsPage): boolean {
  if (page.users.length === 0) return true;
  const given = /^basic +([A-Za-z0-9+/=]+)$/i.exec(client.head.first("authorization") ?? "")?.[1];
  if (given === undefined) return false;
  const text = Buffer.from(given, "base64").toString("latin1");
  return page.users.some(({ name, password }) => sameText(text, `${name}:${password}`));
}

/** Takes the same time wherever the texts differ. */
function sameText(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index += 1) {
    difference |= one.charCodeAt(index) ^ other.charCodeAt(index % Math.max(1, other.length));
  }
  return difference === 0;
}

/** `scope=` in the page's address: a part of the names of the proxies to show; empty for all of them. */
function scopeOf(target: string): string {
  return lowerAscii(/[?&;]scope=([\w.:-]*)/.exec(target)?.[1] ?? "");
}

export function answerStatsPage(client: ClientConnection, page: StatsPage): void {
  client.serverLabel = "<STATS>";
  [client.cause, client.state] = ["L", "R"];
  if (!isAllowed(client, page)) {
    const text = errorPage(401).replace(
      "\r\n\r\n",
      `\r\nWWW-Authenticate: Basic realm="${(page.realm ?? "HAProxy Statistics").replace(/["\\]/g, "\\$&")}"\r\n\r\n`,
    );
    [client.cause, client.state] = ["P", "R"];
    reply(client, 401, text, false);
    return;
  }
  const { target, method } = client.head;
  if (method === "POST") {
    administer(client, page);
    return;
  }
  const csv = target.includes(";csv");
  const asked = scopeOf(target);
  const rows = client.plane
    .statsRows(page.scope, client.frontend.name)
    .filter(({ proxy }) => lowerAscii(proxy).includes(asked));
  if (csv || target.includes(";json")) {
    const body = csv ? statsCsv(rows) : JSON.stringify(rows);
    send(client, body, csv ? "text/plain" : "application/json", "");
    return;
  }
  const refresh = target.includes(";norefresh") ? undefined : page.refreshSeconds;
  const body = statsHtml(rows, {
    title: page.showNode === undefined ? "" : page.showNode === "" ? client.plane.hostName : page.showNode,
    description: page.showDescription ?? "",
    version: page.hideVersion ? "" : client.plane.version,
    processId: process.pid,
    upSeconds: client.plane.upSeconds(),
    connections: client.plane.activeConnections,
    administrable: mayAdminister(client),
    uri: page.uri,
    refreshSeconds: refresh,
  });
  send(client, body, "text/html; charset=utf-8", refresh === undefined ? "" : `Refresh: ${refresh}\r\n`);
}

function send(client: ClientConnection, body: string, type: string, more: string): void {
  const bytes = Buffer.from(body, "utf8").toString("latin1");
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\nCache-Control: no-cache\r\nContent-Type: ${type}\r\n${more}`;
  reply(client, 200, `${head}\r\n${bytes}`, false);
}

function mayAdminister(client: ClientConnection): boolean {
  const admin = (client.backend ?? client.frontend).rules.statsAdmin;
  if (admin.length === 0) return false;
  const stream = client.plane.streamOf(client);
  return admin.some((when) => when(stream));
}

/** `b=BACKEND&s=SERVER&action=ready|drain|maint…`, sent by the page's own form. */
function administer(client: ClientConnection, page: StatsPage): void {
  const body = Buffer.concat(client.held).toString("latin1");
  let outcome = "DENY";
  if (mayAdminister(client) && client.requestDone) {
    const fields = new URLSearchParams(body);
    const changed = client.plane.administer(fields.get("b") ?? "", fields.getAll("s"), fields.get("action") ?? "");
    outcome = changed > 0 ? "DONE" : "NONE";
  }
  const head = `HTTP/1.1 303 See Other\r\nContent-Length: 0\r\nCache-Control: no-cache\r\nLocation: ${page.uri};st=${outcome}\r\n\r\n`;
  reply(client, 303, head, false);
}
