/** The section `crm:` of ha.yaml → the model. */
import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../../shared/reason/result.ts";
import type { Source } from "../../../../shared/text/source.ts";
import { checkYaml } from "../../../../shared/text/yaml-check.ts";
import { parseYaml, yamlPosition } from "../../../../shared/text/yaml.ts";
import { EMPTY_CLUSTER, type Cluster } from "../../model/cluster.ts";
import type { Constraint } from "../../model/constraint.ts";
import { pcsReasons } from "../../model/pcs-reasons.ts";
import { levelId, setId } from "./ids.ts";
import { readConstraints } from "./read-constraints.ts";
import { readNvSets, scoreText, textOf } from "./read-nvsets.ts";
import { readPrimitive, readResource } from "./read-resources.ts";
import { haYamlSchema, type CrmSection } from "./schema.ts";
import { Place } from "./place.ts";
import { checkReferences } from "./references.ts";

/**
 * Reads the section `crm:` of an ha.yaml.
 * @returns the configuration; or every problem with its place
 */
export function readCrmSection(source: Source): Result<Cluster> {
  const parsed = parseYaml(source);
  if (!parsed.ok) return parsed;
  const text = parsed.value;
  if (typeof text.value !== "object" || text.value === null || !("crm" in text.value)) {
    return fail([reason(pcsReasons, "CRM_YAML_NO_SECTION", {}, yamlPosition(text, []))]);
  }
  if (text.value.crm === null) return ok(EMPTY_CLUSTER);
  const checked = checkYaml(text, haYamlSchema);
  if (!checked.ok) return checked;
  const problems: Reason[] = [];
  const cluster = readCluster(checked.value.crm, new Place(text, ["crm"], problems));
  problems.push(...checkReferences(cluster));
  return problems.length > 0 ? fail(problems) : ok(cluster);
}

function readCluster(crm: CrmSection, place: Place): Cluster {
  const constraints: readonly Constraint[] = readConstraints(crm, place);
  return {
    properties: readNvSets(crm.properties, "cib-bootstrap-options", place.below("properties")),
    nodes: (crm.nodes ?? []).map((node, index) => {
      const here = place.below("nodes", index);
      const id = textOf(node.id) ?? String(index + 1);
      return {
        id,
        name: node.name,
        type: node.type ?? "member",
        score: scoreText(node.score),
        attributes: readNvSets(node.attributes, `nodes-${id}`, here.below("attributes")),
        utilization: readNvSets(node.utilization, `nodes-${id}-utilization`, here.below("utilization")),
        at: here.at("name"),
      };
    }),
    templates: (crm.templates ?? []).map((one, index) => ({
      ...readPrimitive(one, place.below("templates", index)),
      kind: "template",
    })),
    resources: (crm.resources ?? []).flatMap((one, index) => readResource(one, place.below("resources", index)) ?? []),
    constraints,
    tags: Object.entries(crm.tags ?? {}).map(([id, references]) => ({
      id,
      references,
      at: place.below("tags").at(id),
    })),
    fencingLevels: (crm.fencingLevels ?? []).map((one, index) => {
      const level = {
        index: one.level,
        devices: one.devices,
        target: one.node,
        targetPattern: one.pattern,
        targetAttribute: one.attribute,
        targetValue: textOf(one.value),
      };
      return { id: one.id ?? levelId(level), ...level, at: place.below("fencingLevels", index).at() };
    }),
    alerts: (crm.alerts ?? []).map((one, index) => {
      const here = place.below("alerts", index);
      return {
        id: one.id,
        path: one.path,
        description: one.description,
        recipients: (one.recipients ?? []).map((who, number) => ({
          id: who.id ?? setId(one.id, "recipient", number),
          value: who.value,
        })),
        meta: readNvSets(one.meta, setId(one.id, "meta_attributes"), here.below("meta")),
        instance: readNvSets(one.options, setId(one.id, "instance_attributes"), here.below("options")),
        at: here.at("id"),
      };
    }),
    resourceDefaults: readNvSets(crm.resourceDefaults, "rsc_defaults-meta_attributes", place.below("resourceDefaults")),
    operationDefaults: readNvSets(
      crm.operationDefaults,
      "op_defaults-meta_attributes",
      place.below("operationDefaults"),
    ),
  };
}
