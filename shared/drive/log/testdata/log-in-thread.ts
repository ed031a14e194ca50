/** A thread that logs and then blocks for ever, as the deadline threads do between their wake-ups. */
import { isMainThread, Worker } from "node:worker_threads";
import { openLog } from "../open-log.ts";

if (isMainThread) {
  new Worker(new URL(import.meta.url));
  // The main thread turns no more either: nothing may depend on it.
  setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 300);
} else {
  openLog({ tool: "ha-test", targets: [{ kind: "stderr", format: "journal" }] }).warning("from the thread");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
