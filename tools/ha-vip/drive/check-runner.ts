/** Runs checks on the main thread's event loop, each on its own beat, at most one run of each at a time. */
import { connect } from "node:net";
import type { CheckSettings, CheckTarget } from "../model/configuration.ts";

export interface CheckResult {
  readonly passed: boolean;
  /** What was wrong, in a few words. */
  readonly detail: string;
}

const PASSED: CheckResult = { passed: true, detail: "" };

function failed(detail: string): CheckResult {
  return { passed: false, detail };
}

async function checkTcp(host: string, port: number, timeoutMs: number): Promise<CheckResult> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (result: CheckResult): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      // The service needn't wait for our goodbye, and no port is left in TIME_WAIT.
      socket.on("error", () => undefined);
      socket.resetAndDestroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish(failed(`no answer in ${timeoutMs} ms`)), timeoutMs);
    socket.once("connect", () => finish(PASSED));
    socket.once("error", (error: NodeJS.ErrnoException) => finish(failed(error.code ?? error.message)));
  });
}

async function checkHttp(url: string, status: number | undefined, timeoutMs: number): Promise<CheckResult> {
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(timeoutMs), keepalive: false });
    await answer.body?.cancel();
    const good = status === undefined ? answer.status >= 200 && answer.status < 400 : answer.status === status;
    return good ? PASSED : failed(`status ${answer.status}`);
  } catch (error) {
    return failed(
      error instanceof Error && error.name === "TimeoutError" ? `no answer in ${timeoutMs} ms` : "no connection",
    );
  }
}

async function checkExec(argv: readonly string[], timeoutMs: number): Promise<CheckResult> {
  try {
    const child = Bun.spawn([...argv], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    const code = await child.exited;
    if (code === 0) return PASSED;
    return failed(
      child.signalCode === null ? `exit code ${code}` : `ended by ${child.signalCode} (limit ${timeoutMs} ms)`,
    );
  } catch (error) {
    return failed(error instanceof Error ? error.message : "can't be started");
  }
}

/** Runs one check once. Never throws. */
export async function runCheck(target: CheckTarget, timeoutMs: number): Promise<CheckResult> {
  switch (target.kind) {
    case "tcp":
      return await checkTcp(target.host, target.port, timeoutMs);
    case "http":
      return await checkHttp(target.url, target.status, timeoutMs);
    case "exec":
      return await checkExec(target.argv, timeoutMs);
  }
}

/** Repeats a check until stopped; the next run begins an interval after the last began, or when that has ended. */
export class CheckRunner {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(
    private readonly settings: CheckSettings,
    private readonly onResult: (result: CheckResult) => void,
  ) {}

  start(): void {
    void this.#again();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #again(): Promise<void> {
    const startedMs = performance.now();
    const result = await runCheck(this.settings.target, this.settings.timeoutMs);
    if (this.#stopped) return;
    this.onResult(result);
    const leftMs = Math.max(0, this.settings.intervalMs - (performance.now() - startedMs));
    this.#timer = setTimeout(() => void this.#again(), leftMs);
  }
}
