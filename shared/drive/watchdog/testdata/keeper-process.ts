import { runKeeper } from "../keeper.ts";

/** A keeper as a process of its own: its socket is the only word. */
process.exit((await runKeeper(process.argv[2] ?? "")) ? 0 : 1);
