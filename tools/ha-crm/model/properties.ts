/** Options of the whole cluster: what values they take, and what counts when they aren't set (Pacemaker 2.1). */
export interface PropertyFacts {
  readonly name: string;
  readonly type: "boolean" | "time" | "integer" | "score" | "percentage" | "word";
  readonly values?: readonly string[];
  readonly default: string;
}

const DEFINED = `
batch-limit integer 0
cluster-delay time 60s
cluster-ipc-limit integer 500
cluster-recheck-interval time 15min
concurrent-fencing boolean true
dc-deadtime time 20s
election-timeout time 2min
enable-acl boolean false
enable-startup-probes boolean true
fence-reaction stop,panic stop
join-finalization-timeout time 30min
join-integration-timeout time 3min
load-threshold percentage 80%
maintenance-mode boolean false
migration-limit integer -1
no-quorum-policy stop,freeze,ignore,demote,suicide stop
node-action-limit integer 0
node-health-base integer 0
node-health-green score 0
node-health-red score -INFINITY
node-health-strategy none,migrate-on-red,only-green,progressive,custom none
node-health-yellow score 0
pe-error-series-max integer -1
pe-input-series-max integer 4000
pe-warn-series-max integer 5000
placement-strategy default,utilization,minimal,balanced default
priority-fencing-delay time 0
remove-after-stop boolean false
shutdown-escalation time 20min
shutdown-lock boolean false
shutdown-lock-limit time 0
start-failure-is-fatal boolean true
startup-fencing boolean true
stonith-action reboot,off,poweroff reboot
stonith-enabled boolean true
stonith-max-attempts integer 10
stonith-timeout time 60s
stonith-watchdog-timeout time 0
stop-all-resources boolean false
stop-orphan-actions boolean true
stop-orphan-resources boolean true
symmetric-cluster boolean true
transition-delay time 0s`;

const TYPES: ReadonlySet<string> = new Set(["boolean", "time", "integer", "score", "percentage"]);
const isType = (word: string): word is "boolean" | "time" | "integer" | "score" | "percentage" => TYPES.has(word);

export const PROPERTIES: readonly PropertyFacts[] = DEFINED.trim()
  .split("\n")
  .map((line) => {
    const [name = "", kind = "", value = ""] = line.split(" ");
    if (isType(kind)) return { name, type: kind, default: value };
    return { name, type: "word", values: kind.split(","), default: value };
  });

/** The cluster writes these itself. */
export const OWN_PROPERTIES: readonly string[] = [
  "cluster-infrastructure",
  "cluster-name",
  "dc-version",
  "have-watchdog",
  "last-lrm-refresh",
];
