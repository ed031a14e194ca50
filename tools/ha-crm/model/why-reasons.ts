import { defineCatalogue } from "../../../shared/reason/catalogue.ts";

/** Why a resource is where it is. The first group answers "why", the second "why not there". */
export const whyReasons = defineCatalogue({
  WHY_BEST: {
    severity: "info",
    sentence: "{resource} runs on {node}: it scores highest there ({score}; next is {next} with {nextScore})",
  },
  WHY_ONLY: { severity: "info", sentence: "{resource} runs on {node}: no other node may run it" },
  WHY_FOLLOWS: { severity: "info", sentence: "{resource} runs on {node}: it must be where {other} is ({constraint})" },
  WHY_STAYS: {
    severity: "info",
    sentence: "{resource} runs on {node}: it is there already, and no node scores higher ({score})",
  },
  WHY_EQUAL: {
    severity: "info",
    sentence:
      "{resource} runs on {node}: of the nodes with the best score ({score}: {nodes}) it comes first, having the fewest resources or the first name",
  },
  WHY_INSTANCES: {
    severity: "info",
    sentence: "{resource} runs on {nodes}: {count} of at most {most} instances have a node",
  },
  WHY_UNMANAGED: { severity: "notice", sentence: "{resource} stays as it is ({state}), in nobody's care: {source}" },
  WHY_TARGET_ROLE: { severity: "notice", sentence: "{resource} is stopped: its target-role is Stopped" },
  WHY_STOP_ALL: { severity: "notice", sentence: "{resource} is stopped: stop-all-resources is set" },
  WHY_NO_QUORUM: {
    severity: "warning",
    sentence: "{resource} is stopped: there is no quorum, and no-quorum-policy is {policy}",
  },
  WHY_NO_NODE_UP: { severity: "warning", sentence: "{resource} is stopped: no node is fit to run anything ({nodes})" },
  WHY_NOWHERE: { severity: "warning", sentence: "{resource} is stopped: every node that is up is forbidden ({nodes})" },
  WHY_BLOCKED: {
    severity: "warning",
    sentence: "{resource} should run on {node}, but can't be started there: {problem}",
  },
  WHY_NOT_IT_DOES: { severity: "info", sentence: "{resource} does run on {node}" },
  WHY_NOT_IT_WILL: { severity: "info", sentence: "{resource} is not on {node} yet: the next plan brings it there" },
  WHY_NOT_STATE: { severity: "notice", sentence: "{resource} is not on {node}: the node is {state}" },
  WHY_NOT_FORBIDDEN: { severity: "notice", sentence: "{resource} must not run on {node}: {cause}" },
  WHY_NOT_UNKNOWN: {
    severity: "notice",
    sentence: "{resource} may not run on {node}: no constraint allows it, and symmetric-cluster is false",
  },
  WHY_NOT_LOWER: {
    severity: "info",
    sentence: "{resource} is not on {node}: it scores {score} there, and {bestScore} on {best}, where it {does}",
  },
  WHY_NOT_EQUAL: {
    severity: "info",
    sentence: "{resource} is not on {node}: that is as good as {best} ({score}), where it {does}, but not better",
  },
});
