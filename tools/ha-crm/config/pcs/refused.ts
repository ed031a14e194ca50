import type { PcsCommand, PcsVerb } from "./context.ts";

/** Words of pcs that have no meaning on a file, and what to do instead: none of them is ever taken silently. */
const LIVE: readonly (readonly [string, string])[] = [
  ["resource cleanup", "what has failed is in the status of a running cluster"],
  ["resource refresh", "what has failed is in the status of a running cluster"],
  ["resource failcount", "what has failed is in the status of a running cluster"],
  ["resource restart", "nothing runs on a file"],
  ["resource relocate", '"ha-crm simulate" shows where everything would go'],
  [
    "resource safe-disable",
    '"ha-crm simulate --set ID.target-role=Stopped" shows what would be affected; then disable it',
  ],
  ["resource debug-start", "nothing runs on a file"],
  ["resource debug-stop", "nothing runs on a file"],
  ["resource debug-promote", "nothing runs on a file"],
  ["resource debug-demote", "nothing runs on a file"],
  ["resource debug-monitor", "nothing runs on a file"],
  ["stonith fence", "nothing is fenced from a file"],
  ["stonith confirm", "nothing is fenced from a file"],
  ["stonith history", "what has been fenced is known to a running cluster"],
];

const NEVER: readonly (readonly [string, string])[] = [
  ["acl", "rights come from the group of the control socket; what a file has under <acls> is kept as it is"],
  ["resource bundle", "containers are not scheduled yet; what a file has is kept as it is"],
  ["stonith update-scsi-devices", 'give the whole list: "ha-crm stonith update ID devices=…"'],
  ["stonith sbd", "the watchdog is set up per host, not in the configuration"],
];

export const refusedVerbs: readonly PcsVerb[] = [
  ...LIVE.map(([name, fix]) => ({
    words: name.split(" "),
    usage: "…",
    summary: "Needs a running cluster",
    hidden: true,
    looks: true,
    run(command: PcsCommand) {
      command.refuse("CRM_PCS_NOT_ON_FILE", { what: `"${name}"`, fix });
    },
  })),
  ...NEVER.map(([name, fix]) => ({
    words: name.split(" "),
    usage: "…",
    summary: "Is not part of ha-crm",
    hidden: true,
    looks: true,
    run(command: PcsCommand) {
      command.refuse("CRM_PCS_REFUSED_WORD", { what: `"${name}"`, fix });
    },
  })),
];
