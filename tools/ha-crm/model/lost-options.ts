import { reason, type Reason } from "../../../shared/reason/catalogue.ts";
import type { Cluster } from "./cluster.ts";
import { optionFacts } from "./options.ts";
import { crmReasons } from "./reasons.ts";
import { primitivesOf } from "./resource.ts";

/** Options that are set and have no effect here: each is said, with the reason. */
export function lostOptions(cluster: Cluster): readonly Reason[] {
  const properties = cluster.properties.flatMap((set) =>
    set.pairs.flatMap((pair) => {
      const facts = optionFacts("cluster", pair.name);
      return facts?.lost === true
        ? [reason(crmReasons, "CRM_OPTION_LOST", { name: pair.name, why: facts.no ?? "" }, pair.at)]
        : [];
    }),
  );
  const primitives = [...cluster.templates, ...cluster.resources.flatMap((one) => [...primitivesOf(one)])];
  const operations = primitives.flatMap((one) =>
    one.operations.flatMap((operation) =>
      Object.keys(operation.options).flatMap((name) => {
        const facts = optionFacts("operation", name);
        return facts?.lost === true
          ? [reason(crmReasons, "CRM_OPTION_LOST", { name, why: facts.no ?? "" }, operation.at)]
          : [];
      }),
    ),
  );
  return [...properties, ...operations];
}
