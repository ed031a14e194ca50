/** Runs checks on the main thread's event loop, each on its own beat, at most one run of each at a time. */
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import type { CheckSettings, CheckTarget } from "../model/configuration.ts";
import { checkDns, checkUdp } from "./datagram-check.ts";
import { ProcessCheck } from "./process-check.ts";
import { runCommand } from "./run-command.ts";

export interface CheckResult {
  readonly passed: boolean;
  /** What was wrong, in a few words. */
  readonly detail: string;
  /** The number that a tracked file holds. */
  readonly value?: number;
}

export const PASSED: CheckResult = { passed: true, detail: "" };
/** Of an answer's body so much is searched. */
const LONGEST_BODY = 1 << 20;

export function failed(detail: string): CheckResult {
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

/** Looks for a text in a body without keeping more than a megabyte of it. */
async function bodyHas(body: ReadableStream<Uint8Array> | null, match: string): Promise<boolean> {
  if (body === null) return match === "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes(match)) return true;
    if (text.length > LONGEST_BODY) return false;
  }
  return false;
}

async function checkHttp(target: CheckTarget & { kind: "http" }, timeoutMs: number): Promise<CheckResult> {
  const { match, status, url } = target;
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(timeoutMs), keepalive: false });
    const good = status === undefined ? answer.status >= 200 && answer.status < 400 : answer.status === status;
    if (!good || match === undefined) {
      await answer.body?.cancel();
      return good ? PASSED : failed(`status ${answer.status}`);
    }
    return (await bodyHas(answer.body, match)) ? PASSED : failed(`the answer lacks ${JSON.stringify(match)}`);
  } catch (error) {
    const late = error instanceof Error && error.name === "TimeoutError";
    return failed(late ? `no answer in ${timeoutMs} ms` : "no connection");
  }
}

async function checkExec(target: CheckTarget & { kind: "exec" }, timeoutMs: number): Promise<CheckResult> {
  const ended = await runCommand(target.argv, {
    timeoutMs,
    ...(target.runAs === undefined ? {} : { runAs: target.runAs }),
  });
  return ended.code === 0 ? PASSED : failed(ended.detail);
}

/** A file's number; a file that isn't there is 0, as with keepalived: removing it ends what writing it began. */
function checkFile(path: string): CheckResult {
  if (!existsSync(path)) return { passed: true, detail: `${path} isn't there: 0`, value: 0 };
  try {
    const text = readFileSync(path, "utf8").trim();
    const value = text === "" ? 0 : Number(text.split(/\s/, 1)[0]);
    return Number.isFinite(value) ? { passed: value === 0, detail: text, value } : failed(`${path} holds no number`);
  } catch {
    return failed(`${path} can't be read`);
  }
}

/** How to run a target once. Never throws. */
export function prepareCheck(target: CheckTarget): (timeoutMs: number) => Promise<CheckResult> | CheckResult {
  switch (target.kind) {
    case "tcp":
      return (timeoutMs) => checkTcp(target.host, target.port, timeoutMs);
    case "http":
      return (timeoutMs) => checkHttp(target, timeoutMs);
    case "exec":
      return (timeoutMs) => checkExec(target, timeoutMs);
    case "udp":
      return (timeoutMs) => checkUdp(target, timeoutMs);
    case "dns":
      return (timeoutMs) => checkDns(target, timeoutMs);
    case "file":
      return () => checkFile(target.path);
    case "exists":
      return () => (existsSync(target.path) ? PASSED : failed(`${target.path} isn't there`));
    case "process": {
      const processes = new ProcessCheck(target);
      return () => processes.run();
    }
  }
}

/** Repeats a check until stopped; the next run begins an interval after the last began, or when that has ended. */
export class CheckRunner {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  readonly #run: ReturnType<typeof prepareCheck>;

  constructor(
    private readonly settings: CheckSettings,
    private readonly onResult: (result: CheckResult) => void,
  ) {
    this.#run = prepareCheck(settings.target);
  }

  start(): void {
    void this.#again();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #again(): Promise<void> {
    const startedMs = performance.now();
    const result = await this.#run(this.settings.timeoutMs);
    if (this.#stopped) return;
    this.onResult(result);
    const leftMs = Math.max(0, this.settings.intervalMs - (performance.now() - startedMs));
    this.#timer = setTimeout(() => void this.#again(), leftMs);
  }
}
