/**
 * What a client sees of an address while things happen to the hosts behind it.
 *
 *     await startAnswering(lab.hosts);
 *     const probe = await startProbe(lab, { address: "10.77.0.100" });
 *     probe.mark("power loss");
 *     await lab.killHost("h1");
 *     …
 *     const report = await probe.stop();
 *     report.windows[0].longestGap
 */
import { join } from "node:path";
import { monotonicNs } from "../../drive/ffi/clock.ts";
import type { Host } from "../host.ts";
import type { Lab } from "../lab.ts";
import type { LabProcess } from "../process.ts";
import { answerPattern, type ProberRequest } from "./control.ts";
import type { Mark, ProbeReport } from "./report.ts";

export type { Gap, ProbeReport, ProbeWindow } from "./report.ts";

export const UDP_PORT = 7;
export const HTTP_PORT = 80;
/** A UDP answer that takes longer counts as lost. */
const UDP_SETTLE_MS = 200;
const HTTP_TIMEOUT_MS = 2_000;
const READY_LIMIT_MS = 60_000;
const REPORT_LIMIT_MS = 60_000;
/** Marks of one probe. */
export const MARK_LIMIT = 1_000;

export type ProbeOptions =
  | {
      readonly kind?: "udp";
      /** IPv4 or IPv6. */
      readonly address: string;
      readonly port?: number;
      /** Default 1. */
      readonly intervalMs?: number;
      /** An answer that takes longer counts as lost; default 200. */
      readonly timeoutMs?: number;
      /** Which machine asks; default the client. */
      readonly from?: Host;
    }
  | {
      readonly kind: "http";
      readonly url: string;
      /** Default 5: two hundred requests a second. */
      readonly intervalMs?: number;
      /** Default 2000. */
      readonly timeoutMs?: number;
      readonly from?: Host;
    };

/** The bun that runs the owner runs the probers, too. */
function script(name: string, ...words: readonly string[]): string[] {
  return [process.execPath, join(import.meta.dir, name), ...words];
}

/** Answers UDP questions on hosts, from whatever address was asked, with the host's name. */
export async function startAnswering(hosts: readonly Host[], port = UDP_PORT): Promise<LabProcess[]> {
  return startAll(hosts, (host) => script("udp-echo.ts", String(port), host.name));
}

/** A web server on hosts that says which host it is. */
export async function startWebServers(hosts: readonly Host[], port = HTTP_PORT): Promise<LabProcess[]> {
  return startAll(hosts, (host) => script("http-answer.ts", String(port), host.name));
}

async function startAll(hosts: readonly Host[], command: (host: Host) => string[]): Promise<LabProcess[]> {
  return Promise.all(
    hosts.map(async (host) => {
      const server = await host.spawn(command(host));
      await server.waitForOutput(/^ready$/m, READY_LIMIT_MS);
      return server;
    }),
  );
}

/** A running probe. */
export class Probe {
  readonly #marks: Mark[] = [];
  #requests = 0;

  /** For `startProbe`. */
  constructor(private readonly process: LabProcess) {}

  /** Remembers this moment: the report has a window from here to the next mark. Call it just before acting. */
  mark(name: string): void {
    if (this.#marks.length >= MARK_LIMIT) throw new Error(`a probe has at most ${MARK_LIMIT} marks`);
    // The monotonic clock is the same in every namespace of the machine.
    this.#marks.push({ name, atNs: monotonicNs() });
  }

  /** What happened so far; the probe goes on. */
  async report(): Promise<ProbeReport> {
    return this.#ask("report");
  }

  /** Ends the probe and waits for its last answers. */
  async stop(): Promise<ProbeReport> {
    const report = await this.#ask("stop");
    await this.process.exited;
    return report;
  }

  async #ask(request: ProberRequest["request"]): Promise<ProbeReport> {
    this.#requests += 1;
    const message: ProberRequest = { request, number: this.#requests, marks: this.#marks };
    await this.process.write(`${JSON.stringify(message)}\n`);
    const match = await this.process.waitForOutput(answerPattern(this.#requests), REPORT_LIMIT_MS);
    return parseReport(match[1] ?? "");
  }
}

function parseReport(line: string): ProbeReport {
  const value: unknown = JSON.parse(line);
  if (typeof value === "object" && value !== null && "total" in value && "windows" in value) {
    // Written by `analyse` of this same source tree a moment ago.
    return value as ProbeReport;
  }
  throw new Error(`not a prober's report: ${line}`);
}

/** Starts asking, and returns when the first question is on its way. */
export async function startProbe(lab: Lab, options: ProbeOptions): Promise<Probe> {
  const from = options.from ?? lab.client;
  const process = await from.spawn(probeCommand(options));
  await process.waitForOutput(/^ready$/m, READY_LIMIT_MS);
  return new Probe(process);
}

function probeCommand(options: ProbeOptions): string[] {
  if (options.kind === "http") {
    const intervalUs = Math.round((options.intervalMs ?? 5) * 1_000);
    return script("http-probe.ts", options.url, String(intervalUs), String(options.timeoutMs ?? HTTP_TIMEOUT_MS));
  }
  const intervalUs = Math.round((options.intervalMs ?? 1) * 1_000);
  const port = String(options.port ?? UDP_PORT);
  const settleMs = String(options.timeoutMs ?? UDP_SETTLE_MS);
  return script("udp-probe.ts", options.address, port, String(intervalUs), settleMs);
}
