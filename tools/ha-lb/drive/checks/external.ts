/** `option external-check`: a program says whether a server is well. Its time is limited: then it is killed. */
import type { CheckOutcome } from "../../decide/server-health.ts";
import type { Proxy } from "../../model/proxy.ts";
import type { ServerRuntime } from "../runtime.ts";
import { nowMs } from "../timer-wheel.ts";

/** What the program is told of a place that it doesn't have. */
const NOT_USED = "NOT_USED";

/** The first listener's address and port. */
function proxyAddress(proxy: Proxy): readonly [string, string] {
  for (const { address } of proxy.binds) {
    if (address.kind === "ip") return [address.host, String(address.port)];
    if (address.kind === "unix") return [address.path, NOT_USED];
  }
  return [NOT_USED, NOT_USED];
}

function environmentOf(server: ServerRuntime, path: string): Readonly<Record<string, string>> {
  const { settings, backend } = server;
  const { proxy } = backend;
  const [address, port] = proxyAddress(proxy).map((text) => (text === NOT_USED ? "" : text));
  return {
    HAPROXY_PROXY_ADDR: address ?? "",
    HAPROXY_PROXY_ID: String(proxy.id),
    HAPROXY_PROXY_NAME: proxy.name,
    HAPROXY_PROXY_PORT: port ?? "",
    HAPROXY_SERVER_ADDR: settings.address.kind === "unix" ? settings.address.path : server.host,
    HAPROXY_SERVER_CURCONN: String(server.active),
    HAPROXY_SERVER_ID: String(server.id),
    HAPROXY_SERVER_MAXCONN: String(server.maxConnections),
    HAPROXY_SERVER_NAME: server.name,
    HAPROXY_SERVER_PORT: settings.address.kind === "unix" ? "" : String(server.port),
    HAPROXY_SERVER_PROTO: proxy.mode === "http" ? "h1" : "tcp",
    HAPROXY_SERVER_SSL: settings.tls === undefined ? "0" : "1",
    PATH: path,
  };
}

/** Runs the program; `onOutcome` is called once. @returns what ends it at once, unheard */
export function runExternalCheck(
  server: ServerRuntime,
  timeoutMs: number,
  onOutcome: (outcome: CheckOutcome) => void,
): () => void {
  const { healthCheck } = server.backend.proxy;
  if (healthCheck.kind !== "external") throw new Error("this backend has no external check");
  const startedMs = nowMs();
  const { settings } = server;
  const place =
    settings.address.kind === "unix" ? [settings.address.path, NOT_USED] : [server.host, String(server.port)];
  let finished = false;
  const finish = (passed: boolean, status: string, code: number | undefined, detail: string): void => {
    if (finished) return;
    finished = true;
    clearTimeout(timer);
    onOutcome({ passed, stopping: false, status, code, durationMs: nowMs() - startedMs, detail });
  };
  let child: Bun.Subprocess | undefined;
  const timer = setTimeout(() => {
    child?.kill("SIGKILL");
    finish(false, "PROCTOUT", 0, "");
  }, timeoutMs);
  try {
    child = Bun.spawn([healthCheck.command ?? "", ...proxyAddress(server.backend.proxy), ...place], {
      stdio: ["ignore", "ignore", "ignore"],
      env: environmentOf(server, healthCheck.path ?? ""),
      onExit: (_child, code, signal) => {
        if (code === 0) finish(true, "PROCOK", 0, "");
        else finish(false, "PROCERR", code ?? 0, signal === null ? "" : `ended by ${signal ?? "a signal"}`);
      },
    });
  } catch (error) {
    finish(false, "PROCERR", undefined, error instanceof Error ? error.message : "it can't be started");
  }
  return () => {
    finished = true;
    clearTimeout(timer);
    child?.kill("SIGKILL");
  };
}
