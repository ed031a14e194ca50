import type { Alert, Cluster, FencingLevel, NodeConfig, Tag } from "../../model/cluster.ts";
import type { NvSet, Rule, RulePart } from "../../model/nvset.ts";
import type { Operation, Primitive, Resource, Template } from "../../model/resource.ts";
import { formatScore } from "../../model/score.ts";
import { TreeElement } from "../pcs/tree.ts";
import { writeConstraint } from "./constraints-write.ts";
import { IdBook } from "./id-book.ts";

/** What the root says when the configuration didn't come from a CIB. */
const HEADER: Readonly<Record<string, string>> = {
  crm_feature_set: "3.16.1",
  "validate-with": "pacemaker-3.9",
  epoch: "1",
  num_updates: "0",
  admin_epoch: "0",
};

/**
 * A configuration as a CIB for Pacemaker's tools; the status is empty.
 * @param header attributes of the root; those of a CIB that was read, or the defaults
 */
export function writeCib(cluster: Cluster, header: Readonly<Record<string, string>> = {}): string {
  const book = new IdBook();
  const write = new CibWriter(book);
  const named = <Item>(name: string, items: readonly Item[], one: (item: Item) => TreeElement) =>
    TreeElement.make(name, {}, items.map(one));
  const optional = <Item>(name: string, items: readonly Item[], one: (item: Item) => TreeElement) =>
    items.length === 0 ? [] : [named(name, items, one)];
  const configuration = TreeElement.make("configuration", {}, [
    named("crm_config", cluster.properties, (set) => write.nvSet("cluster_property_set", set)),
    named("nodes", cluster.nodes, (node) => write.node(node)),
    TreeElement.make("resources", {}, [
      ...cluster.templates.map((one) => write.primitive("template", one)),
      ...cluster.resources.map((one) => write.resource(one)),
    ]),
    named("constraints", cluster.constraints, (one) => writeConstraint(one, write, book)),
    ...optional("tags", cluster.tags, writeTag),
    ...optional("fencing-topology", cluster.fencingLevels, writeLevel),
    ...optional("alerts", cluster.alerts, (alert) => write.alert(alert)),
    ...optional("rsc_defaults", cluster.resourceDefaults, (set) => write.nvSet("meta_attributes", set)),
    ...optional("op_defaults", cluster.operationDefaults, (set) => write.nvSet("meta_attributes", set)),
  ]);
  const root = TreeElement.make("cib", { ...HEADER, ...header }, [configuration, TreeElement.make("status")]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root.write()}\n`;
}

export class CibWriter {
  private readonly book: IdBook;

  constructor(book: IdBook) {
    this.book = book;
  }

  /** A set that stands in several places is written once and named in the others. */
  nvSet(tag: string, set: NvSet): TreeElement {
    if (!this.book.claim(set.id)) return TreeElement.make(tag, { "id-ref": set.id });
    const score = set.score === undefined ? undefined : formatScore(set.score);
    const element = TreeElement.make(tag, { id: set.id, score });
    if (set.rule !== undefined) element.append(this.rule(set.rule));
    for (const pair of set.pairs) {
      const id = this.book.fresh(pair.id === "" ? `${set.id}-${pair.name}` : pair.id);
      element.append(TreeElement.make("nvpair", { id, name: pair.name, value: pair.value }));
    }
    return element;
  }

  rule(rule: Rule, attributes: Readonly<Record<string, string | undefined>> = {}): TreeElement {
    if (!this.book.claim(rule.id)) return TreeElement.make("rule", { "id-ref": rule.id });
    const element = TreeElement.make("rule", {
      id: rule.id,
      "boolean-op": rule.join,
      role: rule.role,
      score: rule.score,
      "score-attribute": rule.scoreAttribute,
      ...attributes,
    });
    for (const part of rule.parts) element.append(this.part(part));
    return element;
  }

  private part(part: RulePart): TreeElement {
    switch (part.kind) {
      case "rule":
        return this.rule(part.rule);
      case "attribute":
        return TreeElement.make("expression", {
          id: this.book.fresh(part.id),
          attribute: part.attribute,
          operation: part.operation,
          type: part.type,
          value: part.value,
          "value-source": part.valueSource,
        });
      case "date": {
        const id = this.book.fresh(part.id);
        const element = TreeElement.make("date_expression", {
          id,
          operation: part.operation,
          start: part.start,
          end: part.end,
        });
        const below = (name: string, given: string | undefined, values: Readonly<Record<string, string>>) =>
          TreeElement.make(name, { id: this.book.fresh(given ?? `${id}-${name}`), ...values });
        if (part.duration !== undefined) element.append(below("duration", part.durationId, part.duration));
        if (part.spec !== undefined) element.append(below("date_spec", part.specId, part.spec));
        return element;
      }
      case "op":
        return TreeElement.make("op_expression", {
          id: this.book.fresh(part.id),
          name: part.name,
          interval: part.interval,
        });
      case "resource": {
        const { class: kind, provider, type } = part;
        return TreeElement.make("rsc_expression", { id: this.book.fresh(part.id), class: kind, provider, type });
      }
      default:
        return part satisfies never;
    }
  }

  node(node: NodeConfig): TreeElement {
    const type = node.type === "member" ? undefined : node.type;
    return TreeElement.make("node", { id: node.id, uname: node.name, type, score: node.score }, [
      ...node.attributes.map((set) => this.nvSet("instance_attributes", set)),
      ...node.utilization.map((set) => this.nvSet("utilization", set)),
    ]);
  }

  resource(resource: Resource): TreeElement {
    const head = { id: this.book.fresh(resource.id), description: resource.description };
    switch (resource.kind) {
      case "primitive":
        return this.primitive("primitive", resource, head.id);
      case "group": {
        const members = resource.members.map((one) => this.primitive("primitive", one));
        return TreeElement.make("group", head, [...this.sets(resource), ...members]);
      }
      case "clone":
        return TreeElement.make(resource.element, head, [...this.sets(resource), this.resource(resource.child)]);
      default:
        return resource satisfies never;
    }
  }

  private sets(owner: {
    readonly meta: readonly NvSet[];
    readonly instance: readonly NvSet[];
  }): readonly TreeElement[] {
    return [
      ...owner.meta.map((set) => this.nvSet("meta_attributes", set)),
      ...owner.instance.map((set) => this.nvSet("instance_attributes", set)),
    ];
  }

  primitive(name: "primitive" | "template", one: Primitive | Template, claimed?: string): TreeElement {
    const operations = one.operations.map((op) => this.operation(one.id, op));
    return TreeElement.make(
      name,
      {
        id: claimed ?? this.book.fresh(one.id),
        class: one.agent?.class,
        provider: one.agent?.provider,
        type: one.agent?.type,
        template: one.template,
        description: one.description,
      },
      [
        ...this.sets(one),
        ...(operations.length === 0 ? [] : [TreeElement.make("operations", {}, operations)]),
        ...one.utilization.map((set) => this.nvSet("utilization", set)),
      ],
    );
  }

  private operation(resource: string, op: Operation): TreeElement {
    const id = this.book.fresh(op.id === "" ? `${resource}-${op.name}-interval-${op.interval}` : op.id);
    return TreeElement.make("op", { id, name: op.name, interval: op.interval, ...op.options }, this.sets(op));
  }

  alert(alert: Alert): TreeElement {
    return TreeElement.make(
      "alert",
      { id: this.book.fresh(alert.id), path: alert.path, description: alert.description },
      [
        ...this.sets(alert),
        ...alert.recipients.map((one) =>
          TreeElement.make("recipient", { id: this.book.fresh(one.id), value: one.value }),
        ),
      ],
    );
  }
}

function writeTag(tag: Tag): TreeElement {
  return TreeElement.make(
    "tag",
    { id: tag.id },
    tag.references.map((id) => TreeElement.make("obj_ref", { id })),
  );
}

function writeLevel(level: FencingLevel): TreeElement {
  return TreeElement.make("fencing-level", {
    id: level.id,
    target: level.target,
    "target-pattern": level.targetPattern,
    "target-attribute": level.targetAttribute,
    "target-value": level.targetValue,
    index: String(level.index),
    devices: level.devices.join(","),
  });
}
