/** One of several workers: listens beside the others, and does what the master says of the servers. */
import { EXIT, type ExitCode } from "../../../../shared/model/exit-codes.ts";
import { CountReporter } from "../../drive/count-reports.ts";
import { openListeners } from "../../drive/listen.ts";
import { applyHealth, setWeight } from "../../drive/server-admin.ts";
import type { DataPlane } from "../../drive/plane.ts";
import { nowMs } from "../../drive/timer-wheel.ts";
import { drain, makePlane, type RunRequest } from "./foreground.ts";
import { type ToMaster, type ToWorker, toWorkerSchema } from "./messages.ts";
import { dropPrivileges } from "./privileges.ts";

const REPORT_EVERY_MS = 500;

function tell(message: ToMaster): void {
  process.send?.(message);
}

function obey(plane: DataPlane, message: ToWorker & { readonly kind: "server" }): void {
  const server = plane.backends.get(message.backend)?.server(message.server);
  if (server === undefined) return;
  const { health, weight, host, port, maxConnections } = message;
  if (server.host !== host || server.port !== port) {
    server.host = host;
    server.port = port;
    server.closeIdle();
  }
  server.maxConnections = maxConnections;
  if (server.wantedWeight !== weight) setWeight(plane, server, weight);
  applyHealth(plane, server, { ...server.health, ...health, changedMs: nowMs() });
}

export async function runWorker(request: RunRequest): Promise<ExitCode> {
  const plane = makePlane(request.configuration, (text) => {
    tell({ kind: "failed", text });
  });
  if (plane === undefined) return EXIT.error;
  const { open, failures } = openListeners(plane, true);
  if (failures.length > 0) {
    tell({
      kind: "failed",
      text: failures.map(({ bind, detail }) => `cannot bind ${bind.text}: ${detail}\n`).join(""),
    });
    return EXIT.error;
  }
  await plane.logs.open(plane.configuration.proxies.flatMap((proxy) => proxy.logTargets));
  dropPrivileges(plane.configuration.global);
  const reporter = new CountReporter(plane);
  const report = () => {
    tell({ kind: "counts", ...reporter.report() });
  };
  const timer = setInterval(report, REPORT_EVERY_MS);
  const finished = new Promise<void>((resolve) => {
    const endWhenIdle = () => {
      if (plane.stopping && plane.activeConnections === 0) resolve();
    };
    plane.onConnectionGone = endWhenIdle;
    process.on("message", (value: unknown) => {
      const message = toWorkerSchema.safeParse(value).data;
      if (message?.kind === "server") obey(plane, message);
      else if (message?.kind === "finish") {
        for (const listener of open) listener.stop();
        drain(plane);
        endWhenIdle();
      }
    });
    // A worker without its master would serve with servers that nobody checks.
    process.on("disconnect", () => {
      resolve();
    });
    for (const name of ["SIGUSR1", "SIGHUP", "SIGUSR2", "SIGINT"] as const) process.on(name, () => undefined);
    process.on("SIGTERM", () => {
      resolve();
    });
  });
  tell({ kind: "ready" });
  await finished;
  clearInterval(timer);
  report();
  process.exit(EXIT.ok);
}
