import type { PcsVerb } from "./context.ts";
import { resourceCreate, stonithCreate } from "./resource-create.ts";

/** Every command of pcs that works on a file. */
export const PCS_VERBS: readonly PcsVerb[] = [resourceCreate, stonithCreate];
