import { OWN_PROPERTIES, PROPERTIES } from "./properties.ts";

/**
 * Every option that Pacemaker's manual knows, and what becomes of it here: nothing of a configuration is dropped
 * without a word.
 */
export interface OptionFacts {
  readonly name: string;
  readonly of: OptionPlace;
  /** Why it changes no plan; absent when it does. */
  readonly no?: string;
  /** Something is lost by that: it is said wherever the option is set. */
  readonly lost?: true;
}

export type OptionPlace =
  "cluster" | "resource" | "clone" | "group" | "operation" | "fencing device" | "node attribute" | "constraint";

const EXECUTOR = "says how a plan is carried out, not what is in it";
const TIMING = "a time of Pacemaker's own election and joining; here the core elects and joins";
const AS_COUNTED = "is decided when a failed start is counted; plans go by the count";
const KEPT = "inputs of the scheduler aren't kept as files";

/** Why an option of the cluster changes no plan; all others do. */
const CLUSTER_NO: ReadonlyMap<string, string> = new Map([
  ["batch-limit", EXECUTOR],
  ["cluster-delay", EXECUTOR],
  ["cluster-ipc-limit", "a limit of Pacemaker's own daemons"],
  ["cluster-recheck-interval", 'the plan says itself when time alone may change it ("look again at")'],
  ["dc-deadtime", TIMING],
  ["election-timeout", TIMING],
  ["enable-acl", "rights come from the group of the control socket"],
  ["fence-reaction", "says what a node does that learns of its own fencing"],
  ["join-finalization-timeout", TIMING],
  ["join-integration-timeout", TIMING],
  ["load-threshold", EXECUTOR],
  ["migration-limit", EXECUTOR],
  ["node-action-limit", EXECUTOR],
  ["pe-error-series-max", KEPT],
  ["pe-input-series-max", KEPT],
  ["pe-warn-series-max", KEPT],
  ["shutdown-escalation", EXECUTOR],
  ["start-failure-is-fatal", AS_COUNTED],
  ["stonith-max-attempts", EXECUTOR],
  ["stonith-timeout", EXECUTOR],
  ["stonith-watchdog-timeout", EXECUTOR],
  ["transition-delay", EXECUTOR],
]);

/** Lines of `NAME` (changes plans) or `NAME: why it doesn't`; `!` in front when that loses something. */
function read(of: OptionPlace, lines: string): readonly OptionFacts[] {
  return lines
    .trim()
    .split("\n")
    .map((line) => {
      const [head = "", ...rest] = line.split(": ");
      const name = head.replace(/^!/, "");
      if (rest.length === 0) return { name, of };
      return { name, of, no: rest.join(": "), ...(head.startsWith("!") ? { lost: true as const } : {}) };
    });
}

const RESOURCE = `
priority
critical
target-role
is-managed
maintenance
resource-stickiness
requires
migration-threshold
failure-timeout
multiple-active
allow-migrate
allow-unhealthy-nodes
container
container-attribute-target: is handed to agents as it is
remote-node
remote-addr
remote-port
remote-connect-timeout
remote-allow-migrate`;

const CLONE = `
clone-max
clone-node-max
clone-min
globally-unique
notify
ordered
interleave
promotable
promoted-max
promoted-node-max
master-max
master-node-max`;

const GROUP = `
ordered
collocated`;

const OPERATION = `
name
interval
role
on-fail
enabled
timeout: says how long the agent may take; a change of a monitor's is noticed
start-delay: ${EXECUTOR}
interval-origin: ${EXECUTOR}
record-pending: operations under way are always written down
!requires: Pacemaker takes it for resources only, from 2.0 on`;

const FENCING = `
provides
pcmk_monitor_timeout: ${EXECUTOR}
pcmk_host_list: says which nodes a device can fence; check looks at it
pcmk_host_map: says which nodes a device can fence; check looks at it
pcmk_host_check: ${EXECUTOR}
pcmk_host_argument: ${EXECUTOR}
pcmk_delay_base: ${EXECUTOR}
pcmk_delay_max: ${EXECUTOR}
pcmk_action_limit: ${EXECUTOR}
pcmk_reboot_action: ${EXECUTOR}
pcmk_reboot_timeout: ${EXECUTOR}
pcmk_reboot_retries: ${EXECUTOR}
pcmk_off_action: ${EXECUTOR}
pcmk_off_timeout: ${EXECUTOR}
pcmk_off_retries: ${EXECUTOR}
fencing levels: each fencing of the plan names the levels of its node`;

const NODE = `
standby
maintenance
terminate
shutdown
site-name
#health-*
#node-unfenced
#digests-all
#digests-secure
resource-discovery-enabled
master-*, promotion scores
fail-count-*
last-failure-*`;

const CONSTRAINT = `
score, score-attribute
role
resource-discovery
rule
node-attribute
influence
kind
symmetrical
require-all
sequential
loss-policy
lifetime`;

/** What the configuration sets, as far as names of options go. */
export function optionFacts(of: OptionPlace, name: string): OptionFacts | undefined {
  return OPTIONS.find((one) => one.of === of && one.name === name);
}

export function optionNames(...places: readonly OptionPlace[]): readonly string[] {
  return OPTIONS.filter((one) => places.includes(one.of)).map((one) => one.name);
}

export const OPTIONS: readonly OptionFacts[] = [
  ...PROPERTIES.map(({ name }): OptionFacts => {
    const no = CLUSTER_NO.get(name);
    if (no === undefined) return { name, of: "cluster" };
    return no === EXECUTOR || no === AS_COUNTED ? { name, of: "cluster", no } : { name, of: "cluster", no, lost: true };
  }),
  { name: "have-watchdog", of: "cluster" },
  ...OWN_PROPERTIES.filter((name) => name !== "have-watchdog" && name !== "cluster-name").map((name): OptionFacts => ({
    name,
    of: "cluster",
    no: "the cluster writes it itself",
  })),
  { name: "cluster-name", of: "cluster" },
  ...read("resource", RESOURCE),
  ...read("clone", CLONE),
  ...read("group", GROUP),
  ...read("operation", OPERATION),
  ...read("fencing device", FENCING),
  ...read("node attribute", NODE),
  ...read("constraint", CONSTRAINT),
];
