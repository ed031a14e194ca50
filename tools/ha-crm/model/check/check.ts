import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import { checkReasons } from "../check-reasons.ts";
import type { Cluster } from "../cluster.ts";
import { checkFencing, checkQuorum, type CheckOptions } from "./fencing.ts";
import { checkMonitors, checkThresholds } from "./failures.ts";
import { checkOrderLoops } from "./ordering.ts";
import { checkOptions } from "./options.ts";
import { checkColocations, checkLeftOvers, checkNowhere, checkStickiness } from "./placement.ts";
import { checkSinglePoints } from "./single-points.ts";
import { isTrue } from "./values.ts";
import { ClusterView } from "./view.ts";

export type { CheckOptions } from "./fencing.ts";

/** Everything in a valid configuration that will hurt when something fails; empty when nothing is found. */
export function checkCluster(cluster: Cluster, options: CheckOptions): readonly Reason[] {
  const view = new ClusterView(cluster);
  return [
    ...checkFencing(view),
    ...checkQuorum(view, options),
    ...checkColocations(view),
    ...checkNowhere(view),
    ...checkOrderLoops(view),
    ...checkStickiness(view),
    ...checkThresholds(view),
    ...checkMonitors(view),
    ...checkSinglePoints(view, options),
    ...checkLeftOvers(view),
    ...checkOptions(view),
    ...(isTrue(view.property("maintenance-mode")?.value) ? [reason(checkReasons, "CRM_CHECK_MAINTENANCE", {})] : []),
  ];
}
