import { encodeForLog } from "../../decide/log-format.ts";
import { logDate } from "../../decide/log-format-variables.ts";
import type { ClientConnection } from "./client.ts";
import { phasesOf, terminationOf, wallMs } from "./log-view.ts";

const counts = (client: ClientConnection): string => {
  const { backend, server } = client;
  const retries = client.redispatched ? `+${client.retriesDone}` : String(client.retriesDone);
  return `${client.plane.activeConnections}/${client.frontend.active}/${backend === undefined ? 0 : backend.active - 1}/${server?.active ?? 0}/${retries} ${client.serverQueue}/${client.backendQueue}`;
};

/** The text of a date up to the second is kept: many lines share it. */
let datedSecond = -1;
let datedText = "";

function date(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== datedSecond) {
    datedSecond = second;
    datedText = logDate(second * 1000).slice(0, -3);
  }
  return datedText + String(Math.floor(ms) % 1000).padStart(3, "0");
}

/** The line of `option httplog`, manual chapter 8.2.3, without walking a format. */
export function httpLogLine(client: ClientConnection, endMs: number): string {
  const { backend, server, frontend, listener } = client;
  const startMs = Number.isNaN(client.firstByteMs) ? client.idleMs : client.firstByteMs;
  const { requestHeadMs, queueMs, connectMs, responseMs, activeMs } = phasesOf(client, endMs);
  const where = `${frontend.name}${listener.bind.tls === undefined ? "" : "~"} ${backend?.name ?? frontend.name}/${client.serverLabel ?? server?.name ?? "<NOSRV>"}`;
  const request = client.head.method === "" ? "<BADREQ>" : encodeForLog(client.requestLineText());
  const captured = client.stream === undefined ? "" : capturesOf(client);
  return `${client.logAddress()}:${client.logPort()} [${date(wallMs(startMs))}] ${where} ${requestHeadMs}/${queueMs}/${connectMs}/${responseMs}/${activeMs} ${client.status === 0 ? -1 : client.status} ${client.responseBytes} ${cookies(client)} ${terminationOf(client)} ${counts(client)} ${captured}"${request}"`;
}

function cookies({ capturedRequestCookie, capturedResponseCookie }: ClientConnection): string {
  if (capturedRequestCookie === undefined && capturedResponseCookie === undefined) return "- -";
  return `${encodeForLog(capturedRequestCookie ?? "-")} ${encodeForLog(capturedResponseCookie ?? "-")}`;
}

function capturesOf(client: ClientConnection): string {
  const side = (texts: readonly (string | undefined)[] | undefined, declared: number): string => {
    if (declared === 0) return "";
    const parts = Array.from({ length: declared }, (_, index) => encodeForLog(texts?.[index] ?? ""));
    return `{${parts.join("|")}} `;
  };
  const { captureLengths } = client.frontend;
  return (
    side(client.stream?.captures.request, captureLengths.request.length) +
    side(client.stream?.captures.response, captureLengths.response.length)
  );
}
