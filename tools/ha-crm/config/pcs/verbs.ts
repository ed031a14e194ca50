import { colocationVerbs } from "./constraint-colocation.ts";
import { constraintDelete } from "./constraint-delete.ts";
import { locationVerbs } from "./constraint-location.ts";
import { orderVerbs } from "./constraint-order.ts";
import { ticketVerbs } from "./constraint-ticket.ts";
import type { PcsVerb } from "./context.ts";
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
];
