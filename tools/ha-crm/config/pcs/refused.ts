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
  ["stonith cleanup", "what has failed is in the status of a running cluster"],
  ["stonith refresh", "what has failed is in the status of a running cluster"],
  ["stonith failcount", "what has failed is in the status of a running cluster"],
  ["status", '"ha-crm simulate --cib FILE" shows where everything is, and goes; "resource status" the resources alone'],
  [
    "quorum",
    '"ha-crm simulate --quorum no" shows what becomes of everything without quorum; "ha-crm check" looks at votes',
  ],
  [
    "cluster cib",
    'the file is the configuration: copy it; a CIB of a running Pacemaker comes from "pcs cluster cib FILE"',
  ],
  ["cluster cib-push", 'a changed file goes to a running Pacemaker with "pcs cluster cib-push FILE"'],
  ["cluster verify", '"ha-crm check FILE" looks at the file, and at more than its form'],
  ["cluster", "hosts aren't set up, started or stopped from a configuration file"],
  ["host", "hosts aren't known by a configuration file"],
  [
    "booth ticket",
    '"ha-crm simulate --ticket NAME=granted" shows what a ticket brings; "constraint ticket" says what depends on it',
  ],
];

const NEVER: readonly (readonly [string, string])[] = [
  ["acl", "rights come from the group of the control socket; what a file has under <acls> is kept as it is"],
  ["resource bundle", "containers are not scheduled yet; what a file has is kept as it is"],
  ["resource relations", '"ha-crm why RESOURCE" names what a resource depends on; "constraint list" shows the rest'],
  ["booth", "sites agree about tickets through the core itself; no other daemon is set up"],
  ["config backup", "the file is all there is: copy it"],
  ["config restore", "the file is all there is: copy it back"],
  ["config checkpoint", "keep the file in a version control of your choice"],
  ["cluster edit", 'edit the file; "ha-crm check FILE" tells whether it is sound'],
  ["cluster cib-upgrade", "all schemas from pacemaker-1.0 to 3.9 are read as they are"],
  ["cluster report", "nothing of a running cluster is in a file"],
  ["pcsd", "there is no such daemon: remote commands go over SSH"],
  ["qdevice", "the witness is told of in ha.yaml"],
  ["dr", "sites are told of in ha.yaml"],
  ["client", "there is no pcsd to log in to"],
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
    needsNoFile: true,
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
    needsNoFile: true,
    run(command: PcsCommand) {
      command.refuse("CRM_PCS_REFUSED_WORD", { what: `"${name}"`, fix });
    },
  })),
];
