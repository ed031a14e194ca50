import { logDate } from "../../decide/log-format-variables.ts";
import { spanMs, wallMs } from "../http/log-view.ts";
import type { DataPlane } from "../plane.ts";
import type { BackendRuntime, FrontendRuntime, ServerRuntime } from "../runtime.ts";

/** A session that is over. Times in ms on the monotonic clock, NaN when not reached. */
export interface EndedSession {
  readonly plane: DataPlane;
  readonly frontend: FrontendRuntime;
  readonly backend: BackendRuntime | undefined;
  readonly server: ServerRuntime | undefined;
  /** `address:port` */
  readonly client: string;
  readonly acceptMs: number;
  readonly assignedMs: number;
  readonly connectedMs: number;
  readonly endMs: number;
  readonly bytesOut: number;
  readonly cause: string;
  readonly state: string;
  readonly retries: string;
  readonly serverQueue: number;
  readonly backendQueue: number;
}

/** The line of `option tcplog`, manual chapter 8.2.2. */
export function tcpLogLine(session: EndedSession): string {
  const { backend, frontend, plane, server } = session;
  const where = `${frontend.name} ${backend?.name ?? frontend.name}/${server?.name ?? "<NOSRV>"}`;
  // Who waited in vain waited until the end.
  const waitedUntilMs = session.state === "Q" ? session.endMs : session.assignedMs;
  const times = `${spanMs(session.acceptMs, waitedUntilMs)}/${spanMs(session.assignedMs, session.connectedMs)}/${spanMs(session.acceptMs, session.endMs)}`;
  const counts = `${plane.activeConnections}/${frontend.active}/${backend?.active ?? 0}/${server?.active ?? 0}/${session.retries}`;
  return `${session.client} [${logDate(wallMs(session.acceptMs))}] ${where} ${times} ${session.bytesOut} ${session.cause}${session.state} ${counts} ${session.serverQueue}/${session.backendQueue}`;
}
