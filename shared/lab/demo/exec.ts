/** `npm start -- exec HOST COMMAND…`: a command, or a shell, in a host of the demonstration that runs elsewhere. */
import { findHosts } from "../find.ts";
import { labEnvironment } from "../support.ts";
import { demoLabel } from "./settings.ts";

const EXIT_USAGE = 64;
const EXIT_NOTHING_RUNS = 69;
const EXIT_NO_SUCH_HOST = 105;

/** Runs it on this terminal; its exit code. */
export async function execInDemo(argv: readonly string[], complain: (line: string) => void): Promise<number> {
  const [name, ...command] = argv;
  if (name === undefined || command.length === 0) {
    complain("usage: npm start -- exec HOST COMMAND [ARGUMENT …]");
    return EXIT_USAGE;
  }
  const hosts = findHosts(demoLabel(process.env));
  if (hosts.length === 0) {
    complain("no demonstration runs here; start one with 'npm start' in another terminal");
    return EXIT_NOTHING_RUNS;
  }
  const host = hosts.find((candidate) => candidate.name === name);
  if (host === undefined) {
    complain(`no host '${name}' is running; running: ${hosts.map((candidate) => candidate.name).join(" ")}`);
    return EXIT_NO_SUCH_HOST;
  }
  const user = host.mode === "user" ? ["--user", "--preserve-credentials"] : [];
  const spaces = ["--mount", "--uts", "--ipc", "--net", "--pid"];
  const enter = ["nsenter", "--target", String(host.pid), ...user, ...spaces, "--", ...command];
  const child = Bun.spawn(enter, {
    env: { ...labEnvironment(), PS1: `${name}# ` },
    stdio: ["inherit", "inherit", "inherit"],
  });
  return child.exited;
}
