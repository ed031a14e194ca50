/** What the proxy itself adds to the head of a request on its way to a server. */
import { HEAD } from "../../decide/http/head.ts";
import type { BackendRuntime } from "../runtime.ts";
import type { ClientConnection } from "./client.ts";

export function wantsUpgrade(client: ClientConnection): boolean {
  const wanted = HEAD.HAS_UPGRADE | HEAD.UPGRADE_TOKEN;
  return (client.head.flags & wanted) === wanted;
}

/** The request's head as text for the server. */
export function outgoingHead(client: ClientConnection, backend: BackendRuntime): string {
  const { uniqueIdHeader } = client.frontend.proxy;
  let extra = client.frontend.forwardLines(client, backend);
  if (uniqueIdHeader !== undefined) {
    const id = client.plane.streamOf(client).uniqueId();
    if (id !== undefined) extra += `${uniqueIdHeader}: ${id}\r\n`;
  }
  if (backend.proxy.sendNameHeader !== undefined) client.head.removeNamed(backend.proxy.sendNameHeader.toLowerCase());
  return client.head.render(extra + connectionLine(client, backend), wantsUpgrade(client));
}

function connectionLine(client: ClientConnection, backend: BackendRuntime): string {
  if (wantsUpgrade(client)) return "";
  // With two sections the stricter mode counts.
  const closes = backend.proxy.connectionMode !== "keep-alive" || client.frontend.proxy.connectionMode !== "keep-alive";
  if (closes) return client.head.minor === 1 ? "Connection: close\r\n" : "";
  return client.head.minor === 0 ? "Connection: keep-alive\r\n" : "";
}

/** `http-send-name-header`: the server is told which one it is; a retry may be told to another. */
export function withServerName(text: string, header: string, server: string): string {
  return `${text.slice(0, -2)}${header}: ${server}\r\n\r\n`;
}

/** `option http-restrict-req-hdr-names`: only letters, digits and `-` are in names that every server reads alike. */
const PLAIN_NAME = /^[A-Za-z0-9-]+$/;

/** @returns false when the request is to be refused for its names */
export function restrictNames(client: ClientConnection, how: "preserve" | "delete" | "reject"): boolean {
  if (how === "preserve") return true;
  for (const [name] of client.head.entries()) {
    if (PLAIN_NAME.test(name)) continue;
    if (how === "reject") return false;
    client.head.remove((its) => !PLAIN_NAME.test(its));
    return true;
  }
  return true;
}
