/** The section `crm:` of ha.yaml. Names of options, meta attributes and properties are Pacemaker's own. */
import { z } from "zod";

/** Values are texts; numbers and truth values may be written without quotes. */
const scalar = z.union([z.string(), z.number(), z.boolean()]);
const values = z.record(z.string(), scalar);
const id = z
  .string()
  .regex(
    /^[\p{L}_][\p{L}\p{N}_.-]*$/u,
    "an id begins with a letter or _, and goes on with letters, digits, _, - and .",
  );
const flag = z.union([z.boolean(), z.string()]);
const score = z.union([
  z.number().int(),
  z.string().regex(/^[+-]?(\d+|INFINITY)$/, "a score is a whole number, INFINITY or -INFINITY"),
]);
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
  z.strictObject({ ...partShape, and: z.array(rulePart).optional(), or: z.array(rulePart).optional() }),
);

const rule = z.strictObject({
  id: id.optional(),
  score: score.optional(),
  scoreAttribute: z.string().optional(),
  role: role.optional(),
  and: z.array(rulePart).min(1).optional(),
  or: z.array(rulePart).min(1).optional(),
});

const nvSet = z.strictObject({
  id: id.optional(),
  score: score.optional(),
  rule: rule.optional(),
  values: values.default({}),
});

/** Mostly a map of names and values; a list where there are conditions. */
const nvSets = z.union([z.array(nvSet), values]);

const operation = z.strictObject({
  id: id.optional(),
  name: z.string(),
  interval: scalar.optional(),
  timeout: scalar.optional(),
  role: role.optional(),
  onFail: z.string().optional(),
  requires: z.string().optional(),
  enabled: flag.optional(),
  startDelay: scalar.optional(),
  /** Attributes of operations that have no word of their own here, under their names in a CIB. */
  other: values.optional(),
  meta: nvSets.optional(),
  options: nvSets.optional(),
});

const primitiveShape = {
  id,
  description: z.string().optional(),
  agent: z.string().optional(),
  template: z.string().optional(),
  options: nvSets.optional(),
  meta: nvSets.optional(),
  utilization: nvSets.optional(),
  operations: z.array(operation).optional(),
};

const primitive = z.strictObject(primitiveShape);

const inClone = z.strictObject({ ...primitiveShape, members: z.array(primitive).min(1).optional() });

const resource = z.strictObject({
  ...primitiveShape,
  members: z.array(primitive).min(1).optional(),
  clone: inClone.optional(),
  /** Written as the old element `master` in a CIB. */
  oldMaster: z.boolean().optional(),
});

const set = z.strictObject({
  id: id.optional(),
  resources: z.array(z.string()).min(1),
  sequential: flag.optional(),
  requireAll: flag.optional(),
  ordering: z.string().optional(),
  role: role.optional(),
  action: z.string().optional(),
  score: score.optional(),
  kind: z.string().optional(),
});
const sets = z.array(set).min(1).optional();

const location = z.strictObject({
  id,
  resource: z.string().optional(),
  pattern: z.string().optional(),
  sets,
  node: z.string().optional(),
  score: score.optional(),
  role: role.optional(),
  discovery: z.enum(["always", "never", "exclusive"]).optional(),
  rules: z.array(rule).min(1).optional(),
  lifetime: rule.optional(),
});

const colocation = z.strictObject({
  id,
  resource: z.string().optional(),
  with: z.string().optional(),
  role: role.optional(),
  withRole: role.optional(),
  score: score.optional(),
  nodeAttribute: z.string().optional(),
  influence: flag.optional(),
  sets,
  lifetime: rule.optional(),
});

const order = z.strictObject({
  id,
  first: z.string().optional(),
  then: z.string().optional(),
  firstAction: z.string().optional(),
  thenAction: z.string().optional(),
  kind: z.enum(["Mandatory", "Optional", "Serialize"]).optional(),
  score: score.optional(),
  symmetrical: flag.optional(),
  requireAll: flag.optional(),
  sets,
  lifetime: rule.optional(),
});

const ticket = z.strictObject({
  id,
  ticket: z.string(),
  resource: z.string().optional(),
  role: role.optional(),
  lossPolicy: z.enum(["fence", "stop", "freeze", "demote"]).optional(),
  sets,
});

const node = z.strictObject({
  name: z.string().min(1),
  id: scalar.optional(),
  type: z.enum(["member", "remote", "ping"]).optional(),
  score: score.optional(),
  attributes: nvSets.optional(),
  utilization: nvSets.optional(),
});

const level = z.strictObject({
  id: id.optional(),
  level: z.number().int().min(1).max(9),
  node: z.string().optional(),
  pattern: z.string().optional(),
  attribute: z.string().optional(),
  value: scalar.optional(),
  devices: z.array(z.string()).min(1),
});

const alert = z.strictObject({
  id,
  path: z.string(),
  description: z.string().optional(),
  meta: nvSets.optional(),
  options: nvSets.optional(),
  recipients: z.array(z.strictObject({ id: id.optional(), value: z.string() })).optional(),
});

export const crmSchema = z.strictObject({
  properties: nvSets.optional(),
  nodes: z.array(node).optional(),
  templates: z.array(primitive).optional(),
  resources: z.array(resource).optional(),
  locations: z.array(location).optional(),
  colocations: z.array(colocation).optional(),
  orders: z.array(order).optional(),
  tickets: z.array(ticket).optional(),
  tags: z.record(z.string(), z.array(z.string()).min(1)).optional(),
  fencingLevels: z.array(level).optional(),
  alerts: z.array(alert).optional(),
  resourceDefaults: nvSets.optional(),
  operationDefaults: nvSets.optional(),
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
