import { writeSync } from "node:fs";
import { runKeeper } from "../keeper.ts";

/** A keeper as a process of its own: orders on standard input, bites on standard output. */
await runKeeper({ lines: Bun.stdin.stream(), say: (line) => void writeSync(1, `${line}\n`) });
