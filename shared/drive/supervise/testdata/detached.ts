/** A daemon for the test of background starts: serves for ever, or fails. */
import { isDetached, sayDetachedReady, startDetached } from "../detach.ts";

if (!isDetached(process.env)) process.exitCode = await startDetached();
else if (process.argv[2] === "fail") {
  process.stderr.write("it can't serve\n");
  process.exitCode = 65;
} else {
  process.stdout.write(`serves as ${process.pid}\n`);
  sayDetachedReady(false);
  setInterval(() => undefined, 60_000);
}
