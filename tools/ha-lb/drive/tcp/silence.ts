import type { BackendRuntime, FrontendRuntime } from "../runtime.ts";

/** How long both ends may say nothing, and whose limit that is, as the termination letters name it. */
export interface SilenceLimit {
  /** Absent: for ever. */
  readonly limitMs: number | undefined;
  readonly cause: "c" | "s";
}

/** The shorter of both ends' limits; `timeout tunnel` stands for both. */
export function silenceLimit(frontend: FrontendRuntime, backend: BackendRuntime | undefined): SilenceLimit {
  const { client } = frontend.proxy.timeouts;
  const { server, tunnel } = backend?.proxy.timeouts ?? {};
  if (tunnel !== undefined) return { limitMs: tunnel, cause: "c" };
  if (client === undefined || server === undefined) return { limitMs: client ?? server, cause: "c" };
  return { limitMs: Math.min(client, server), cause: server < client ? "s" : "c" };
}
