/**
 * `bun http-probe.ts URL INTERVAL_US TIMEOUT_MS`: one request each interval, each over a connection of its own, whether
 * or not earlier ones were answered: as many users do. Requests to the prober come on standard input (see control.ts).
 */
import { monotonicNs } from "../../drive/ffi/clock.ts";
import { formatAnswer, LineBuffer, parseRequest, type ProberRequest, writeAll } from "./control.ts";
import { analyse } from "./report.ts";
import { Samples } from "./samples.ts";

/** Requests in flight; beyond it the prober itself is what fails, and says so. */
const CONCURRENT_LIMIT = 1_000;
/** What counts of an answer's first line as the name of the host. */
const NAME_LIMIT_CHARACTERS = 64;
const NS_PER_MS = 1e6;

class HttpProbe {
  readonly #samples = new Samples();
  readonly #flying = new Set<Promise<void>>();
  #lateNs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly url: string,
    private readonly intervalNs: number,
    private readonly timeoutMs: number,
  ) {}

  start(): void {
    let nextNs = monotonicNs();
    const tick = (): void => {
      const nowNs = monotonicNs();
      if (nowNs >= nextNs) {
        this.#lateNs = Math.max(this.#lateNs, nowNs - nextNs);
        this.#request(nowNs);
        nextNs += this.intervalNs * Math.max(1, Math.ceil((nowNs - nextNs) / this.intervalNs));
      }
      this.#timer = setTimeout(tick, Math.max(0, (nextNs - monotonicNs()) / NS_PER_MS));
    };
    tick();
  }

  #request(nowNs: number): void {
    const number = this.#samples.start(nowNs);
    if (number < 0) return;
    if (this.#flying.size >= CONCURRENT_LIMIT) {
      this.#samples.fail(number, monotonicNs(), "the prober has too many requests in flight");
      return;
    }
    const flight = this.#ask(number);
    this.#flying.add(flight);
    void flight.finally(() => this.#flying.delete(flight));
  }

  async #ask(number: number): Promise<void> {
    try {
      const response = await fetch(this.url, {
        keepalive: false,
        headers: { connection: "close" },
        signal: AbortSignal.timeout(this.timeoutMs),
        redirect: "manual",
      });
      const text = await response.text();
      if (response.ok) this.#samples.answer(number, monotonicNs(), firstLine(text));
      else this.#samples.fail(number, monotonicNs(), `HTTP ${response.status}`);
    } catch (error) {
      this.#samples.fail(number, monotonicNs(), describeError(error));
    }
  }

  /** The line that answers a request for a report. */
  answer(request: ProberRequest): string {
    const report = analyse(this.#samples, request.marks, {
      kind: "http",
      target: this.url,
      intervalMs: this.intervalNs / NS_PER_MS,
      proberLateMs: this.#lateNs / NS_PER_MS,
      nowNs: monotonicNs(),
      settleMs: this.timeoutMs,
    });
    return formatAnswer(request, report);
  }

  /** Sends no more and waits for what is in flight: at most the timeout. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#flying);
  }
}

function firstLine(text: string): string {
  const line = text.split("\n", 1)[0]?.trim() ?? "";
  return line === "" ? "(no name)" : line.slice(0, NAME_LIMIT_CHARACTERS);
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  return code;
}

async function main(): Promise<void> {
  const [url = "", intervalUs = "", timeoutMs = ""] = process.argv.slice(2);
  const probe = new HttpProbe(url, Number(intervalUs) * 1_000, Number(timeoutMs));
  const lines = new LineBuffer();
  const decoder = new TextDecoder();
  probe.start();
  writeAll("ready\n");
  for await (const chunk of Bun.stdin.stream()) {
    for (const line of lines.push(decoder.decode(chunk, { stream: true }))) {
      const request = parseRequest(line);
      if (request.request === "stop") await probe.stop();
      writeAll(probe.answer(request));
      if (request.request === "stop") return;
    }
  }
}

if (import.meta.main) {
  await main();
  process.exit(0);
}
