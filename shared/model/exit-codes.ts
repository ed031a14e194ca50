/**
 * The exit codes of every command of every tool. 64 to 77 follow sysexits.h, 105 to 113 follow Pacemaker's tools,
 * 124 follows timeout(1).
 */
export const EXIT = {
  ok: 0,
  error: 1,
  problem: 2,
  usage: 64,
  configuration: 65,
  unreachable: 69,
  tryLater: 75,
  noPermission: 77,
  noSuchObject: 105,
  noQuorum: 106,
  needsConfirmation: 107,
  breaksRule: 113,
  timeout: 124,
} as const;

export type ExitName = keyof typeof EXIT;

/** What each code means, for help, man pages and the reference. */
export const EXIT_MEANING: Readonly<Record<ExitName, string>> = {
  ok: "it is done, or all is well",
  error: "it failed; the message says why",
  problem: "not possible as things are, or the check found a problem",
  usage: "the command line is wrong",
  configuration: "the configuration is wrong",
  unreachable: "the daemon can't be reached",
  tryLater: "busy or not ready: the same command may succeed later",
  noPermission: "not allowed",
  noSuchObject: "there is nothing of that name",
  noQuorum: "the cluster has no quorum",
  needsConfirmation: "it needs a confirmation that was not given",
  breaksRule: "it would break a rule that protects service or data",
  timeout: "it took longer than its limit",
};

/** Nagios plugin states and their exit codes. */
export const NAGIOS = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const;
export type NagiosState = keyof typeof NAGIOS;

/** What a command may end with: one of ours, a plugin state where Nagios asked, or an agent's code where OCF did. */
export type ExitCode = (typeof EXIT)[ExitName] | (typeof NAGIOS)[NagiosState] | (typeof OCF)[keyof typeof OCF];

const KNOWN: ReadonlySet<number> = new Set(Object.values(EXIT));

/** Is the number one of ours? Answers of daemons of another version may carry any number. */
export function isExitCode(code: number): code is ExitCode {
  return KNOWN.has(code);
}

/** What an OCF resource agent ends with (OCF resource agent API 1.1, section 3.6). */
export const OCF = {
  success: 0,
  error: 1,
  arguments: 2,
  unimplemented: 3,
  permission: 4,
  notInstalled: 5,
  notConfigured: 6,
  notRunning: 7,
} as const;
