/** Going to the background as daemons of old did: the command line returns when the daemon serves, or has failed. */
import { closeSync, openSync, readdirSync, readlinkSync } from "node:fs";
import { duplicateTo } from "../ffi/fd.ts";
import { EXIT, type ExitCode, isExitCode } from "../../model/exit-codes.ts";
import { selfCommand } from "./self-command.ts";

/** Set in the background process. */
const MARK = "FIVENINES_DETACHED";
/** How long the background process may take to say that it serves. */
const READY_LIMIT_MS = 10_000;

export function isDetached(env: Readonly<Record<string, string | undefined>>): boolean {
  return env[MARK] === "1";
}

/**
 * Starts the same command line in a session of its own.
 * @returns `ok` when it says that it serves, its own exit code when it ends before, `timeout` when it does neither
 */
export async function startDetached(words: readonly string[] = process.argv.slice(2)): Promise<ExitCode> {
  const { promise: ready, resolve: tellReady } = Promise.withResolvers<"ready">();
  const child = Bun.spawn([...selfCommand(words)], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, [MARK]: "1" },
    detached: true,
    ipc: () => tellReady("ready"),
  });
  const { promise: late, resolve: tellLate } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => tellLate("late"), READY_LIMIT_MS);
  const first = await Promise.race([child.exited, ready, late]);
  clearTimeout(timer);
  if (typeof first === "number") return isExitCode(first) ? first : EXIT.error;
  if (first === "late") {
    child.kill();
    return EXIT.timeout;
  }
  child.disconnect();
  child.unref();
  return EXIT.ok;
}

/** The background process tells that it serves; nothing happens in the foreground. */
export function sayDetachedReady(keepStderr: boolean): void {
  if (!isDetached(process.env)) return;
  process.send?.("ready");
  process.disconnect?.();
  letGoOfTerminal(process.env, keepStderr);
}

/**
 * Closes what whoever started us waits for the end of: `command | cat` would wait for ever. In a background process
 * and in what it starts; nothing happens in the foreground.
 */
export function letGoOfTerminal(env: Readonly<Record<string, string | undefined>>, keepStderr: boolean): void {
  if (!isDetached(env)) return;
  const nothing = openSync("/dev/null", "r+");
  for (const fd of keepStderr ? [1] : [1, 2]) {
    // Bun keeps copies of standard output and error for its streams.
    const target = targetOf(fd);
    const copies = readdirSync(FD_DIRECTORY).map(Number);
    for (const copy of copies) {
      if (copy === fd || (copy > 2 && copy !== nothing && targetOf(copy) === target)) duplicateTo(nothing, copy);
    }
  }
  closeSync(nothing);
}

const FD_DIRECTORY = "/proc/self/fd";

/** What a descriptor refers to; nothing for one that is closed by now. */
function targetOf(fd: number): string | undefined {
  try {
    return readlinkSync(`${FD_DIRECTORY}/${fd}`);
  } catch {
    return undefined;
  }
}
