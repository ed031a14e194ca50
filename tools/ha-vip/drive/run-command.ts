/** Runs a program without a shell, as a given user, with a time limit. */
import type { RunAs } from "../model/configuration.ts";

export interface Ended {
  /** -1 when it couldn't be started or was killed. */
  readonly code: number;
  /** In words, when it wasn't 0. */
  readonly detail: string;
}

export interface CommandOptions {
  readonly timeoutMs: number;
  readonly runAs?: RunAs;
  readonly env?: Readonly<Record<string, string>>;
}

/** What programs get of our environment: enough to find others, nothing secret. */
function environment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const path = process.env["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return { PATH: path, LANG: process.env["LANG"] ?? "C", ...extra };
}

/** The user's own groups, too: `spawn` with a number alone would keep or drop all of them. */
function asUser(argv: readonly string[], runAs: RunAs | undefined): readonly string[] {
  const root = process.getuid?.() === 0;
  if (runAs === undefined || !root || (runAs.user === "root" && runAs.group === undefined)) return argv;
  const { group = runAs.user, user } = runAs;
  return ["setpriv", `--reuid=${user}`, `--regid=${group}`, "--init-groups", "--", ...argv];
}

/** Never throws. */
export async function runCommand(argv: readonly string[], options: CommandOptions): Promise<Ended> {
  const { env, runAs, timeoutMs } = options;
  try {
    const child = Bun.spawn([...asUser(argv, runAs)], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "ignore",
      env: environment(env),
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    const code = await child.exited;
    if (child.signalCode !== null) return { code: -1, detail: `ended by ${child.signalCode} (limit ${timeoutMs} ms)` };
    return { code, detail: code === 0 ? "" : `exit code ${code}` };
  } catch (error) {
    return { code: -1, detail: error instanceof Error ? error.message : "can't be started" };
  }
}
