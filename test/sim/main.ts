/**
 * The simulator's command line.
 *   npm run sim -- --seed 42            one schedule, with its trace
 *   npm run sim -- --seeds 1..100000    many, on all cores; the first failure is cut down and shown
 *   npm run sim -- --schedule FILE      a schedule as it was printed
 * Exit codes: 0 all well, 3 safety, 4 liveness, 5 crash (an assertion or another exception), 64 usage.
 */
import { runCommandLine } from "./command-line.ts";

process.exitCode = await runCommandLine();
