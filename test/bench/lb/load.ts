/** One stretch of load with wrk, and what the balancer used for it. */
import type { BenchCase } from "./cases.ts";
import { cpuMs } from "./processes.ts";

export interface Figures {
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** What wrk complains about. */
  readonly errors: string;
}

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

function milliseconds(text: string | undefined): number {
  const found = /^([\d.]+)(us|ms|s)$/.exec(text ?? "");
  return found === null ? Number.NaN : Number(found[1]) * (UNIT_MS[found[2] ?? ""] ?? Number.NaN);
}

async function wrk(one: BenchCase, port: number, seconds: number): Promise<string> {
  const url = `${one.tls ? "https" : "http"}://127.0.0.1:${port}${one.path}`;
  const headers = one.headers.flatMap((header) => ["-H", header]);
  const words = ["wrk", "-t1", `-c${one.connections}`, `-d${seconds}s`, "--latency", ...headers, url];
  return await new Response(Bun.spawn(words, { stdout: "pipe" }).stdout).text();
}

/** A second to warm up, not measured; once per process is enough. */
export async function warmUp(one: BenchCase, port: number): Promise<void> {
  await wrk(one, port, 2);
}

export async function measure(one: BenchCase, port: number, pid: number, seconds: number): Promise<Figures> {
  const before = cpuMs(pid);
  const text = await wrk(one, port, seconds);
  const usedMs = cpuMs(pid) - before;
  const requests = Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
  return {
    // A request for `/big` moves one MB: per MB and per request are the same number.
    cpuUs: (usedMs * 1000) / requests,
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? 0),
    p50Ms: milliseconds(/^\s+50%\s+(\S+)/m.exec(text)?.[1]),
    p99Ms: milliseconds(/^\s+99%\s+(\S+)/m.exec(text)?.[1]),
    errors: /(Socket errors.*|Non-2xx.*)/.exec(text)?.[1] ?? "",
  };
}

/** The middle one; of an even number the upper of the two in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
