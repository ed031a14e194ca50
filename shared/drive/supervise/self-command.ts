import { existsSync } from "node:fs";

/** Is this a compiled binary? Its entry point then lives in Bun's embedded file system. */
export function isCompiled(main = Bun.main): boolean {
  return main.startsWith("/$bunfs/") || main.startsWith("compiled://");
}

/**
 * The command that runs this program again with other words: `[binary, …words]` when compiled,
 * `[bun, main.ts, …words]` from source. After an upgrade the path holds the new binary, so a restarted child is new;
 * when the file is gone the running image is used.
 */
export function selfCommand(words: readonly string[]): readonly string[] {
  const program = existsSync(process.execPath) ? process.execPath : "/proc/self/exe";
  return isCompiled() ? [program, ...words] : [program, Bun.main, ...words];
}
