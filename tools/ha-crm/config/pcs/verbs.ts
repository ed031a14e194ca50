import { agentVerbs } from "./agent-list.ts";
import { refusedVerbs } from "./refused.ts";
import { configVerb } from "./show-config.ts";
import { showConstraintVerbs } from "./show-constraints.ts";
import { showResourceVerbs } from "./show-resources.ts";
import { alertVerbs } from "./alert.ts";
import { colocationVerbs } from "./constraint-colocation.ts";
import { constraintDelete } from "./constraint-delete.ts";
import { locationVerbs } from "./constraint-location.ts";
import { orderVerbs } from "./constraint-order.ts";
import { ticketVerbs } from "./constraint-ticket.ts";
import type { PcsVerb } from "./context.ts";
import { defaultsVerbs } from "./defaults.ts";
import { levelVerbs } from "./fencing-level.ts";
import { nodeVerbs } from "./node.ts";
import { propertyVerbs } from "./property.ts";
import { tagVerbs } from "./tag.ts";
import { deleteVerbs } from "./resource-delete.ts";
import { moveVerbs } from "./resource-move.ts";
import { structureVerbs } from "./resource-structure.ts";
import { resourceCreate, stonithCreate } from "./resource-create.ts";
import { stateVerbs } from "./resource-state.ts";
import { updateVerbs } from "./resource-update.ts";

/** Every command of pcs that works on a file. */
export const PCS_VERBS: readonly PcsVerb[] = [
  resourceCreate,
  stonithCreate,
  ...stateVerbs,
  ...updateVerbs,
  ...deleteVerbs,
  ...structureVerbs,
  ...moveVerbs,
  ...locationVerbs,
  ...colocationVerbs,
  ...orderVerbs,
  ...ticketVerbs,
  constraintDelete,
  ...levelVerbs,
  ...propertyVerbs,
  ...defaultsVerbs,
  ...nodeVerbs,
  ...tagVerbs,
  ...alertVerbs,
  ...showResourceVerbs,
  ...showConstraintVerbs,
  configVerb,
  ...agentVerbs,
  ...refusedVerbs,
];
