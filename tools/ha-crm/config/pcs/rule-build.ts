import type { CibEdit } from "./cib-edit.ts";
import type { RuleTree } from "./rule-words.ts";
import { TreeElement } from "./tree.ts";
import { idFrom } from "./words.ts";

/** Elements of a rule with the ids that pcs gives them. */
export class RuleBuilder {
  private readonly cib: CibEdit;
  private readonly taken = new Set<string>();
  /** Rules of defaults always say how their parts are joined. */
  private readonly always: boolean;

  constructor(cib: CibEdit, place: "location" | "defaults") {
    this.cib = cib;
    this.always = place === "defaults";
  }

  private id(base: string): string {
    const id = this.cib.freeId(base, this.taken);
    this.taken.add(id);
    return id;
  }

  /** The rule itself; a single condition stands in it alone. */
  rule(tree: RuleTree, id: string, attributes: Readonly<Record<string, string | undefined>>): TreeElement {
    this.taken.add(id);
    const join = tree.kind === "join" ? tree.join : this.always ? "and" : undefined;
    const rule = TreeElement.make("rule", { id, "boolean-op": join, ...attributes });
    const parts = tree.kind === "join" ? tree.parts : [tree];
    for (const part of parts) rule.append(this.part(part, id));
    return rule;
  }

  private part(tree: RuleTree, above: string): TreeElement {
    switch (tree.kind) {
      case "join":
        return this.rule(tree, this.id(`${above}-rule`), { score: "0" });
      case "attribute": {
        const { attribute, operation, value, type } = tree;
        return TreeElement.make("expression", { id: this.id(`${above}-expr`), attribute, operation, type, value });
      }
      case "date": {
        const end = tree.operation === "gt" ? { start: tree.date } : { end: tree.date };
        return TreeElement.make("date_expression", { id: this.id(`${above}-expr`), operation: tree.operation, ...end });
      }
      case "range": {
        const id = this.id(`${above}-expr`);
        const element = TreeElement.make("date_expression", {
          id,
          operation: "in_range",
          start: tree.start,
          end: tree.end,
        });
        if (tree.duration !== undefined) element.append(this.period("duration", `${id}-duration`, tree.duration));
        return element;
      }
      case "date-spec": {
        const id = this.id(`${above}-expr`);
        const element = TreeElement.make("date_expression", { id, operation: "date_spec" });
        element.append(this.period("date_spec", `${id}-datespec`, tree.spec));
        return element;
      }
      case "resource": {
        const { class: kind, provider, type } = tree;
        const words = [kind, provider, type].filter((word) => word !== undefined).map(idFrom);
        const id = this.id(`${above}-rsc-${words.join("-")}`);
        return TreeElement.make("rsc_expression", { id, class: kind, provider, type });
      }
      case "op":
        return TreeElement.make("op_expression", {
          id: this.id(`${above}-op-${idFrom(tree.name)}`),
          name: tree.name,
          interval: tree.interval,
        });
      default:
        return tree satisfies never;
    }
  }

  private period(name: string, base: string, values: ReadonlyMap<string, string>): TreeElement {
    return TreeElement.make(name, { id: this.id(base), ...Object.fromEntries(values) });
  }
}
