import { removeRule } from "./constraint-location.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";

function remove(command: PcsCommand): void {
  if (command.words.length === 0) command.wrongUse("name at least one constraint");
  for (const id of command.words) {
    const constraints = command.cib.constraints();
    const constraint = constraints.find((one) => one.id === id);
    const rule = constraints.flatMap((one) => one.all("rule")).find((one) => one.id === id);
    if (constraint !== undefined) constraint.detach();
    else if (rule !== undefined) removeRule(rule);
    else {
      command.noSuch(
        "constraint",
        id,
        constraints.map((one) => one.id),
      );
    }
  }
}

export const constraintDelete: PcsVerb = {
  words: ["constraint", "delete"],
  aliases: [["constraint", "remove"]],
  usage: "ID…",
  summary: "Remove constraints or rules of constraints",
  run: remove,
};
