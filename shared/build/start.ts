/**
 * `npm start`: a three-host cluster on this machine, with a real floating address and a real balancer, and the death of
 * a host. `npm start -- --once` tells the story and exits; so does it without a terminal.
 */
import { runDemo } from "../lab/demo/demo.ts";
import { execInDemo } from "../lab/demo/exec.ts";
import type { LabMode } from "../lab/support.ts";
import { labSupport } from "../lab/support.ts";
import { compileTools } from "./compile.ts";

const EXIT = { ok: 0, error: 1, problem: 2, usage: 64, noPermission: 77 } as const;

const USAGE = `usage: npm start [-- OPTION]
  --once           tell the story and exit, also on a terminal
  --rootless       use a user namespace even as root
  exec HOST CMD …  run a command in a host of the demonstration that runs in another terminal`;

interface Arguments {
  readonly once: boolean;
  readonly mode?: LabMode;
}

function readArguments(argv: readonly string[]): Arguments | undefined {
  const known = new Set(["--once", "--rootless"]);
  if (argv.some((word) => !known.has(word))) return undefined;
  return { once: argv.includes("--once"), ...(argv.includes("--rootless") ? { mode: "user" } : {}) };
}

async function main(argv: readonly string[]): Promise<number> {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const complain = (line: string) => process.stderr.write(`${line}\n`);
  if (argv[0] === "exec") return execInDemo(argv.slice(1), complain);
  if (argv.includes("--help") || argv.includes("-h")) {
    say(USAGE);
    return EXIT.ok;
  }
  const given = readArguments(argv);
  if (given === undefined) {
    complain(USAGE);
    return EXIT.usage;
  }
  const support = labSupport(given.mode);
  if (support.mode === "none") {
    complain(`npm start makes hosts as network namespaces, and this machine doesn't allow it: ${support.why}.`);
    complain("Run it as root, or on a machine that allows user namespaces to ordinary users.");
    return EXIT.noPermission;
  }
  const built = await compileTools({ tools: ["ha-vip", "ha-lb", "ha-mon"], onlyIfStale: true, report: say });
  const [vip, balancer, monitor] = [built.get("ha-vip"), built.get("ha-lb"), built.get("ha-mon")];
  if (vip === undefined || balancer === undefined) throw new Error("the compiler gave no path for a tool it built");
  const programs = { vip, balancer, ...(monitor === undefined ? {} : { monitor }) };
  const survived = await runDemo({ ...given, programs, write: say });
  return survived ? EXIT.ok : EXIT.problem;
}

if (import.meta.main) {
  try {
    process.exit(await main(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`npm start: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(EXIT.error);
  }
}
