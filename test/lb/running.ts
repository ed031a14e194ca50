/** One balancer that runs for a test, ours or HAProxy: what it says, and its command socket. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { ask } from "./ask.ts";

/** A machine that is busy takes its time. */
const START_LIMIT_MS = 90_000;

const ROOT = join(import.meta.dir, "..", "..");
export type Which = "haproxy" | "ha-lb";

export interface Running {
  readonly which: Which;
  readonly folder: string;
  readonly pid: number;
  /** Lines on its outputs so far: logs go to `log stdout format raw local0`. */
  lines(): readonly string[];
  ask(command: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts it on a configuration; `stats socket` is added to `global`, which the text must begin with. */
export async function startBalancer(which: Which, configuration: string): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), `lb-${which}-`));
  const socket = join(folder, "s.sock");
  const file = join(folder, "lb.cfg");
  writeFileSync(file, configuration.replace("global\n", `global\n stats socket ${socket} mode 600 level admin\n`));
  const command = which === "haproxy" ? ["haproxy"] : [process.execPath, join(ROOT, "tools/ha-lb/main.ts")];
  const child = Bun.spawn([...command, "-db", "-f", file], {
    stdout: "pipe",
    stderr: "pipe",
    stdin: "ignore",
    env: { ...process.env, FIVENINES_RUN_DIR: folder },
  });
  let text = "";
  const follow = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const part of stream) text += decoder.decode(part, { stream: true });
  };
  const followed = Promise.all([follow(child.stdout), follow(child.stderr)]);
  const running: Running = {
    which,
    folder,
    pid: child.pid,
    lines: () => text.split("\n").filter((line) => line !== ""),
    ask: (one) => ask(socket, one),
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
      await followed;
      rmSync(folder, { recursive: true });
    },
  };
  try {
    await until(`${which} answers`, async () => (await running.ask("show info")).includes("Pid:"), START_LIMIT_MS);
  } catch (error) {
    await running.stop();
    throw new Error(`${which} didn't start:\n${text}`, { cause: error });
  }
  return running;
}
