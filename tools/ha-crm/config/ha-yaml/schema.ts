/** The section `crm:` of ha.yaml. Names of options, meta attributes and properties are Pacemaker's own. */
import { z } from "zod";

/** Values are texts; numbers and truth values may be written without quotes. */
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const values = z.record(z.string(), scalar).meta({ id: "map of values" });
const id = z
  .string()
  .regex(
    /^[\p{L}_][\p{L}\p{N}_.-]*$/u,
    "an id begins with a letter or _, and goes on with letters, digits, _, - and .",
  );
const flag = z.union([z.boolean(), z.string()]);
const score = z
  .union([
    z.number().int(),
    z.string().regex(/^[+-]?(\d+|INFINITY)$/, "a score is a whole number, INFINITY or -INFINITY"),
  ])
  .meta({ id: "score" });
const role = z.string();

const period = z.record(z.string(), scalar);

/** A condition, or several joined by `and` or `or`. */
export interface RulePartSection {
  readonly attribute?: string | undefined;
  readonly is?: "lt" | "gt" | "lte" | "gte" | "eq" | "ne" | "defined" | "not_defined" | undefined;
  readonly value?: string | number | boolean | undefined;
  readonly type?: string | undefined;
  readonly valueSource?: string | undefined;
  readonly date?: "gt" | "lt" | "in_range" | "date_spec" | undefined;
  readonly start?: string | undefined;
  readonly end?: string | undefined;
  readonly duration?: Readonly<Record<string, string | number | boolean>> | undefined;
  readonly spec?: Readonly<Record<string, string | number | boolean>> | undefined;
  readonly operation?: { readonly name: string; readonly interval?: string | undefined } | undefined;
  readonly resource?:
    | {
        readonly class?: string | undefined;
        readonly provider?: string | undefined;
        readonly type?: string | undefined;
      }
    | undefined;
  readonly and?: readonly RulePartSection[] | undefined;
  readonly or?: readonly RulePartSection[] | undefined;
  readonly score?: string | number | undefined;
  readonly scoreAttribute?: string | undefined;
  readonly role?: string | undefined;
}

const partShape = {
  attribute: z.string().optional(),
  is: z.enum(["lt", "gt", "lte", "gte", "eq", "ne", "defined", "not_defined"]).optional(),
  value: scalar.optional(),
  type: z.string().optional(),
  valueSource: z.string().optional(),
  date: z.enum(["gt", "lt", "in_range", "date_spec"]).optional(),
  start: z.string().optional(),
  end: z.string().optional(),
  duration: period.optional(),
  spec: period.optional(),
  operation: z.strictObject({ name: z.string(), interval: z.string().optional() }).optional(),
  resource: z
    .strictObject({ class: z.string().optional(), provider: z.string().optional(), type: z.string().optional() })
    .optional(),
  score: score.optional(),
  scoreAttribute: z.string().optional(),
  role: role.optional(),
};

const rulePart: z.ZodType<RulePartSection> = z.lazy(() =>
  z
    .strictObject({
      ...partShape,
      and: z.array(rulePart).optional().describe("all of these"),
      or: z.array(rulePart).optional().describe("one of these"),
    })
    .meta({ id: "condition", description: "One of `attribute`, `date`, `operation`, `resource`, `and`, `or`." }),
);

const rule = z
  .strictObject({
    id: id.optional().describe("only needed when something refers to it"),
    score: score.optional().describe("of a location: what counts where the condition holds"),
    scoreAttribute: z.string().optional().describe("of a location: the node attribute that holds the score"),
    role: role.optional().describe("counts for this role only: Promoted, Unpromoted"),
    and: z.array(rulePart).min(1).optional().describe("all of these hold"),
    or: z.array(rulePart).min(1).optional().describe("one of these holds"),
  })
  .meta({ id: "rule" });

const nvSet = z
  .strictObject({
    id: id.optional(),
    score: score.optional().describe("sets with a higher score come first"),
    rule: rule.optional().describe("when the set counts; always when absent"),
    values: values.default({}),
  })
  .meta({ id: "set of values" });

/** Mostly a map of names and values; a list where there are conditions. */
const nvSets = z
  .union([z.array(nvSet), values])
  .meta({ id: "values", description: "A map of names and values; or a list of sets, each with a condition." });

const operation = z
  .strictObject({
    id: id.optional(),
    name: z.string().describe("monitor, start, stop, promote, demote, notify, migrate_to, …"),
    interval: scalar.optional().describe("how often; of monitors"),
    timeout: scalar.optional(),
    role: role.optional().describe("of monitors: Promoted, Unpromoted, Started, Stopped"),
    onFail: z.string().optional().describe("ignore, block, demote, stop, restart, standby, fence"),
    requires: z.string().optional().describe("nothing, quorum, fencing, unfencing"),
    enabled: flag.optional(),
    startDelay: scalar.optional(),
    other: values.optional().describe("other attributes, under their names in a CIB"),
    meta: nvSets.optional(),
    options: nvSets.optional().describe("for this operation only, such as OCF_CHECK_LEVEL"),
  })
  .meta({ id: "operation" });

const primitiveShape = {
  id,
  description: z.string().optional(),
  agent: z.string().optional().describe("class:provider:type or class:type, such as ocf:heartbeat:IPaddr2"),
  template: z.string().optional().describe("the template it is made from, instead of an agent"),
  options: nvSets.optional().describe("what the agent is given"),
  meta: nvSets.optional().describe("what the cluster does with it: target-role, resource-stickiness, …"),
  utilization: nvSets.optional().describe("what it needs of a node"),
  operations: z.array(operation).optional(),
};

const primitive = z.strictObject(primitiveShape).meta({ id: "primitive" });

const inClone = z
  .strictObject({ ...primitiveShape, members: z.array(primitive).min(1).optional().describe("makes it a group") })
  .meta({ id: "cloned resource" });

const resource = z
  .strictObject({
    ...primitiveShape,
    members: z.array(primitive).min(1).optional().describe("makes it a group: in one place, started in this order"),
    clone: inClone.optional().describe("makes it a clone of this resource"),
    oldMaster: z.boolean().optional().describe("the old element master in a CIB"),
  })
  .meta({ id: "resource", description: "Exactly one of `agent`, `template`, `members` and `clone`." });

const set = z
  .strictObject({
    id: id.optional(),
    resources: z.array(z.string()).min(1),
    sequential: flag.optional(),
    requireAll: flag.optional(),
    ordering: z.string().optional(),
    role: role.optional(),
    action: z.string().optional(),
    score: score.optional(),
    kind: z.string().optional(),
  })
  .meta({ id: "resource set" });
const sets = z.array(set).min(1).optional().describe("instead of single resources");

const location = z
  .strictObject({
    id,
    resource: z.string().optional(),
    pattern: z.string().optional().describe("a regular expression over ids of resources"),
    sets,
    node: z.string().optional(),
    score: score.optional().describe("INFINITY when absent"),
    role: role.optional(),
    discovery: z.enum(["always", "never", "exclusive"]).optional().describe("where it is looked for"),
    rules: z.array(rule).min(1).optional().describe("instead of a node"),
    lifetime: rule.optional().describe("counts only while this holds"),
  })
  .meta({ id: "location" });

const colocation = z
  .strictObject({
    id,
    resource: z.string().optional().describe("the one that follows"),
    with: z.string().optional().describe("the one that is followed"),
    role: role.optional(),
    withRole: role.optional(),
    score: score.optional().describe("INFINITY when absent; negative keeps them apart"),
    nodeAttribute: z.string().optional().describe("the same value of this instead of the same node"),
    influence: flag.optional(),
    sets,
    lifetime: rule.optional(),
  })
  .meta({ id: "colocation" });

const order = z
  .strictObject({
    id,
    first: z.string().optional(),
    then: z.string().optional(),
    firstAction: z.string().optional().describe("start when absent; stop, promote, demote"),
    thenAction: z.string().optional().describe("that of the first when absent"),
    kind: z.enum(["Mandatory", "Optional", "Serialize"]).optional(),
    score: score.optional().describe("the old form of kind"),
    symmetrical: flag.optional().describe("the other way round when stopping"),
    requireAll: flag.optional(),
    sets,
    lifetime: rule.optional(),
  })
  .meta({ id: "order" });

const ticket = z
  .strictObject({
    id,
    ticket: z.string(),
    resource: z.string().optional(),
    role: role.optional(),
    lossPolicy: z.enum(["fence", "stop", "freeze", "demote"]).optional(),
    sets,
  })
  .meta({ id: "ticket" });

const node = z
  .strictObject({
    name: z.string().min(1),
    id: scalar.optional().describe("its place in the list when absent"),
    type: z.enum(["member", "remote", "ping"]).optional(),
    score: score.optional(),
    attributes: nvSets.optional(),
    utilization: nvSets.optional().describe("what it has to give"),
  })
  .meta({ id: "node" });

const level = z
  .strictObject({
    id: id.optional(),
    level: z.number().int().min(1).max(9),
    node: z.string().optional(),
    pattern: z.string().optional().describe("a regular expression over names of nodes"),
    attribute: z.string().optional().describe("all nodes with this attribute and value"),
    value: scalar.optional(),
    devices: z.array(z.string()).min(1),
  })
  .meta({ id: "fencing level" });

const alert = z
  .strictObject({
    id,
    path: z.string().describe("the program that is called"),
    description: z.string().optional(),
    meta: nvSets.optional(),
    options: nvSets.optional(),
    recipients: z.array(z.strictObject({ id: id.optional(), value: z.string() }).meta({ id: "recipient" })).optional(),
  })
  .meta({ id: "alert" });

export const crmSchema = z.strictObject({
  properties: nvSets.optional().describe("options of the whole cluster, such as no-quorum-policy"),
  nodes: z.array(node).optional(),
  templates: z.array(primitive).optional(),
  resources: z.array(resource).optional(),
  locations: z.array(location).optional(),
  colocations: z.array(colocation).optional(),
  orders: z.array(order).optional(),
  tickets: z.array(ticket).optional(),
  tags: z.record(z.string(), z.array(z.string()).min(1)).optional().describe("a name for a list of resources"),
  fencingLevels: z.array(level).optional(),
  alerts: z.array(alert).optional(),
  resourceDefaults: nvSets.optional().describe("meta attributes of all resources"),
  operationDefaults: nvSets.optional().describe("attributes of all operations"),
});

/** The whole file: other tools have sections of their own. */
export const haYamlSchema = z.looseObject({ crm: crmSchema });

export type CrmSection = z.output<typeof crmSchema>;
export type NvSetsSection = z.output<typeof nvSets>;
export type RuleSection = z.output<typeof rule>;
export type OperationSection = z.output<typeof operation>;
export type PrimitiveSection = z.output<typeof primitive>;
export type ResourceSection = z.output<typeof resource>;
export type SetSection = z.output<typeof set>;
