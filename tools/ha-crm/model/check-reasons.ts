import { defineCatalogue } from "../../../shared/reason/catalogue.ts";

/** What "ha-crm check" may find: configurations that are valid, and yet fail when it matters. */
export const checkReasons = defineCatalogue({
  CRM_CHECK_NO_FENCING: {
    severity: "error",
    sentence: "there is no fencing device",
    why: "without one nobody can know that a silent node is dead; with fencing switched on nothing will start at all",
    fix: 'add one for each node: "ha-crm stonith create …"',
  },
  CRM_CHECK_FENCING_OFF: {
    severity: "error",
    sentence: "fencing is switched off by {property}",
    why: "a node that is cut off may go on writing while its resources are started elsewhere: data can be lost",
    fix: "switch it on, with a tested device for each node",
  },
  CRM_CHECK_FENCING_UNCOVERED: {
    severity: "error",
    sentence: "no fencing device covers the node {node}",
    why: "when it vanishes, its resources stay where nobody can reach them",
    fix: "name it in pcmk_host_list or pcmk_host_map of a device",
  },
  CRM_CHECK_FENCING_LEVEL_HOLE: {
    severity: "warning",
    sentence: "the fencing levels of {target} begin at {first}",
    fix: "number them from 1",
  },
  CRM_CHECK_TWO_NODES: {
    severity: "warning",
    sentence: "there are two nodes and no witness",
    why: "when the link breaks, each sees the other dead, and neither has a majority",
    fix: "add a third node or a witness; when there is one already, say --witness",
  },
  CRM_CHECK_FENCE_RACE: {
    severity: "warning",
    sentence: "both nodes would fence each other at the same moment",
    why: "two nodes that lose sight of each other both fence, and both may go down",
    fix: "set priority-fencing-delay, or pcmk_delay_base on one of the devices",
  },
  CRM_CHECK_NO_QUORUM_IGNORED: {
    severity: "error",
    sentence: "no-quorum-policy=ignore lets {nodes} nodes run on without a majority",
    why: "after a cut each part goes on by itself, and the same resource runs twice",
    fix: "use stop or freeze",
  },
  CRM_CHECK_STICKINESS: {
    severity: "warning",
    sentence: "{resource} would rather run on {node} ({score}), but stays wherever it is ({stickiness})",
    why: "a preference that is not stronger than the stickiness has no effect once the resource runs elsewhere",
    fix: "raise the score above {stickiness}, lower resource-stickiness, or drop the preference",
  },
  CRM_CHECK_COLOCATION_IMPOSSIBLE: {
    severity: "error",
    sentence: "{first} and {second} must be together ({together}) and must not ({apart})",
    why: "one of them can never run",
    fix: "drop one of these constraints",
  },
  CRM_CHECK_COLOCATION_NO_NODE: {
    severity: "error",
    sentence: "{first} must run where {second} runs, but no node takes both",
    why: "{first} may run on: {firstNodes}; {second} may run on: {secondNodes}",
    fix: "give them a node in common, or drop {constraint}",
  },
  CRM_CHECK_NOWHERE: {
    severity: "error",
    sentence: "{resource} is kept off every node",
    fix: "drop one of: {constraints}",
  },
  CRM_CHECK_ORDER_LOOP: {
    severity: "error",
    sentence: "these orderings go round in a circle: {loop}",
    why: "each waits for the other; one of them will be given up",
    fix: "drop or turn round one of: {constraints}",
  },
  CRM_CHECK_THRESHOLD_NEVER: {
    severity: "warning",
    sentence: "{resource} never reaches its migration-threshold of {threshold}",
    why: "failures are forgotten after {timeoutSeconds} s, but a monitor every {intervalSeconds} s needs at least {neededSeconds} s to count {threshold} of them: it restarts for ever on a broken node",
    fix: "set failure-timeout to more than {neededSeconds} s, or lower the threshold or the interval",
  },
  CRM_CHECK_THRESHOLD_RETURN: {
    severity: "warning",
    sentence: "{resource} goes back to a broken node every {timeoutSeconds} s",
    why: "with migration-threshold={threshold} a failure moves it away, failure-timeout forgets that, and it prefers {node} more than it sticks",
    fix: "raise resource-stickiness above the preference, or failure-timeout to hours",
  },
  CRM_CHECK_RESTART_FOREVER: {
    severity: "warning",
    sentence: "{resource} may try to start on the same broken node for ever",
    why: "start-failure-is-fatal=false, and no migration-threshold says when to move on",
    fix: "set migration-threshold, for instance to 3",
  },
  CRM_CHECK_NO_MONITOR: {
    severity: "warning",
    sentence: "{resource} is never looked at",
    why: "{problem}: its failure would go unnoticed",
    fix: 'see to a monitor that repeats: "{command}"',
  },
  CRM_CHECK_NO_PROMOTED_MONITOR: {
    severity: "warning",
    sentence: "the promoted instance of {resource} is never looked at",
    why: "a monitor without role counts for unpromoted instances only",
    fix: 'add one with another interval: "ha-crm resource op add {resource} monitor interval=9s role=Promoted"',
  },
  CRM_CHECK_SAME_INTERVAL: {
    severity: "error",
    sentence: "{resource} has two {name} operations every {interval}",
    why: "operations of one name and interval can't be told apart; one of them is lost",
    fix: "give one of them another interval",
  },
  CRM_CHECK_SPOF: {
    severity: "warning",
    sentence: "all nodes have {attribute}={value}",
    why: "when it fails, everything fails at once",
    fix: "spread the nodes, or correct the attribute",
  },
  CRM_CHECK_SPOF_QUORUM: {
    severity: "warning",
    sentence: "{attribute}={value} takes {count} of {nodes} nodes with it",
    why: "without it the rest has no majority",
    fix: "spread the nodes over more of them, or add a witness elsewhere",
  },
  CRM_CHECK_SPOF_RESOURCE: {
    severity: "warning",
    sentence: "{resource} can only run where {attribute}={value}",
    why: "when it fails, the resource has nowhere to go; it may run on: {nodes}",
    fix: "let it run on a node elsewhere",
  },
  CRM_CHECK_OPTION_NAME: {
    severity: "warning",
    sentence: "nothing reads the option {name}",
    why: "it looks like {near}, mistyped",
    fix: "write {near}, or remove it",
  },
  CRM_CHECK_OPTION_VALUE: {
    severity: "warning",
    sentence: '"{value}" is no value for {name}',
    why: "the default counts instead: {default}",
    fix: "give a value that it takes; the reference lists them",
  },
  CRM_CHECK_LEFT_OVER: {
    severity: "notice",
    sentence: "{constraint} is left over from moving {resource} by hand",
    why: "it counts until somebody clears it",
    fix: '"ha-crm resource clear {resource}"',
  },
  CRM_CHECK_MAINTENANCE: {
    severity: "notice",
    sentence: "the cluster is in maintenance: nothing is started, stopped or looked at",
    fix: '"ha-crm property set maintenance-mode=false" when the work is done',
  },
});
