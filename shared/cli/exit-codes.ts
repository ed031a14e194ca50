/** The exit codes live in the model, so that drivers can use them too. */
export { EXIT, EXIT_MEANING, NAGIOS, isExitCode } from "../model/exit-codes.ts";
export type { ExitCode, ExitName, NagiosState } from "../model/exit-codes.ts";
