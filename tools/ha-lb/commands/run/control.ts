/** The socket that `ha-lb status`, `ha-lb events` and the monitor ask. Traffic is carried without it, too. */
import { hostname } from "node:os";
import { EventFeed } from "../../../../shared/drive/control/event-feed.ts";
import { startControlServer, type ControlServer } from "../../../../shared/drive/control/server.ts";
import { standardMethods } from "../../../../shared/drive/control/standard-methods.ts";
import { EXIT } from "../../../../shared/model/exit-codes.ts";
import { controlSocketPath, runDirectoryOf } from "../../../../shared/model/paths.ts";
import { VERSION } from "../../../../shared/model/version.ts";
import type { ServerChange } from "../../decide/server-log.ts";
import type { DataPlane } from "../../drive/plane.ts";
import type { ServerRuntime } from "../../drive/runtime.ts";
import { rowsOf } from "../../drive/stats-rows.ts";
import { tellHealth } from "./health-log.ts";
import { serverMethods } from "./server-methods.ts";
import { statusReport } from "./status.ts";

export interface ControlRequest {
  readonly paths: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How long the process before may take to leave the control socket. */
const PLACE_LIMIT_MS = 10_000;
const PLACE_POLL_MS = 50;

export class Control {
  private readonly events = new EventFeed();
  private server: ControlServer | undefined;
  private closed = false;

  constructor(
    private readonly request: ControlRequest,
    private readonly plane: () => DataPlane,
  ) {}

  /** Others may ask from here on. The process before, which is about to end, may still have the place for a moment. */
  open(): void {
    void this.tryOpen(performance.now());
  }

  private async tryOpen(sinceMs: number): Promise<void> {
    const opened = await startControlServer({
      tool: "ha-lb",
      version: VERSION,
      path: controlSocketPath("ha-lb", runDirectoryOf(this.request.env)),
      methods: {
        ...standardMethods({ status: () => this.status(), events: this.events }),
        ...serverMethods(this.plane),
      },
    });
    if (opened.ok) {
      if (this.closed) opened.server.close();
      else this.server = opened.server;
    } else if (opened.exit === EXIT.problem && !this.closed && performance.now() - sinceMs < PLACE_LIMIT_MS) {
      setTimeout(() => void this.tryOpen(sinceMs), PLACE_POLL_MS).unref();
    } else
      for (const { sentence } of opened.problems) process.stderr.write(`[WARNING]  (${process.pid}) : ${sentence}\n`);
  }

  close(): void {
    this.closed = true;
    this.server?.close();
  }

  private status(): ReturnType<typeof statusReport> {
    return statusReport({
      version: VERSION,
      host: hostname(),
      nowMs: Date.now(),
      origin: this.request.paths.join(" "),
      rows: rowsOf(this.plane(), [], ""),
      events: this.events.recent(),
    });
  }

  /** What a check changed: in the log, on the error output and among the events. */
  tell(server: ServerRuntime, change: ServerChange, empty: boolean): void {
    const sentence = tellHealth(this.plane(), server, change, empty);
    const down = change.kind === "down";
    const code = down ? "LB_SERVER_DOWN" : "LB_SERVER_CHANGED";
    this.events.push({ atMs: Date.now(), code, severity: down ? "warning" : "notice", sentence });
  }
}
