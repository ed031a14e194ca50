import { EXIT, type ExitCode } from "../../../../shared/model/exit-codes.ts";
import { selfCommand } from "../../../../shared/drive/supervise/self-command.ts";

/** How long the background process may take to say that it serves. */
const READY_LIMIT_MS = 10_000;

/** Starts the same command line in the background, and ends when that process serves (or has failed). */
export async function startDetached(): Promise<ExitCode> {
  let tellReady: () => void = () => undefined;
  const ready = new Promise<"ready">((resolve) => {
    tellReady = () => {
      resolve("ready");
    };
  });
  const child = Bun.spawn([...selfCommand(process.argv.slice(2))], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, HA_LB_DETACHED: "1" },
    detached: true,
    ipc: () => {
      tellReady();
    },
  });
  const late = Bun.sleep(READY_LIMIT_MS).then(() => "late" as const);
  const first = await Promise.race([child.exited, ready, late]);
  if (typeof first === "number") return first === 0 ? EXIT.ok : EXIT.error;
  if (first === "late") {
    child.kill();
    return EXIT.timeout;
  }
  child.disconnect();
  child.unref();
  return EXIT.ok;
}

/** The background process tells that it serves. */
export function sayReady(): void {
  if (process.env["HA_LB_DETACHED"] === "1") process.send?.("ready");
}
