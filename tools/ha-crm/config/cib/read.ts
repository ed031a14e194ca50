import { reason } from "../../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../../shared/reason/result.ts";
import type { Source } from "../../../../shared/text/source.ts";
import type { Alert, Cluster, FencingLevel, NodeConfig, Tag } from "../../model/cluster.ts";
import { crmReasons } from "../../model/reasons.ts";
import type { ClusterState } from "../../model/state.ts";
import { childNamed, childrenNamed, elementPosition, parseXml, type XmlElement } from "../xml.ts";
import { readConstraints } from "./constraints.ts";
import { CibContext } from "./context.ts";
import { readNvSets } from "./nvsets.ts";
import { readResources } from "./resources.ts";
import { readNodeStates, readTickets } from "./status.ts";

export interface Cib {
  readonly cluster: Cluster;
  readonly state: ClusterState;
  /** For problems that are found later: they quote lines of it. */
  readonly source: Source;
  /** Attributes of the root, kept for writing it back. */
  readonly header: Readonly<Record<string, string>>;
}

/**
 * Reads a Pacemaker CIB (schemas of Pacemaker 1.1 to 3.0): configuration and status.
 * @param file the name to use in positions
 */
export function parseCib(file: string, text: string): Result<Cib> {
  const document = parseXml(file, text);
  if (!document.ok) return document;
  const { root, source } = document.value;
  if (root.name !== "cib") {
    return fail([reason(crmReasons, "CRM_CIB_ROOT", { found: root.name }, elementPosition(document.value, root))]);
  }
  const context = new CibContext(document.value);
  const configuration = childNamed(root, "configuration");
  if (configuration !== undefined) context.collectIds(configuration);
  const cluster = readCluster(context, configuration);
  const state = readState(context, root);
  if (context.problems.length > 0) return fail(context.problems);
  return ok({ cluster, state, source, header: Object.fromEntries(root.attributes) }, context.warnings);
}

function readCluster(context: CibContext, configuration: XmlElement | undefined): Cluster {
  const part = (name: string) => childNamed(configuration, name);
  return {
    properties: readNvSets(context, part("crm_config"), "cluster_property_set"),
    nodes: childrenNamed(part("nodes"), "node").map((element) => readNode(context, element)),
    ...readResources(context, part("resources")),
    constraints: readConstraints(context, part("constraints")),
    tags: childrenNamed(part("tags"), "tag").map((element) => readTag(context, element)),
    fencingLevels: childrenNamed(part("fencing-topology"), "fencing-level").map((one) => readLevel(context, one)),
    alerts: childrenNamed(part("alerts"), "alert").map((element) => readAlert(context, element)),
    resourceDefaults: readNvSets(context, part("rsc_defaults"), "meta_attributes"),
    operationDefaults: readNvSets(context, part("op_defaults"), "meta_attributes"),
  };
}

function readState(context: CibContext, root: XmlElement): ClusterState {
  const quorum = root.attributes.get("have-quorum");
  const status = childNamed(root, "status");
  return {
    quorate: quorum !== undefined && /^(true|1|yes|on)$/i.test(quorum),
    hadQuorum: /^(true|1|yes|on)$/i.test(root.attributes.get("no-quorum-panic") ?? ""),
    featureSet: root.attributes.get("crm_feature_set"),
    coordinator: root.attributes.get("dc-uuid"),
    nodes: readNodeStates(context, status),
    tickets: readTickets(context, status),
  };
}

function readNode(context: CibContext, element: XmlElement): NodeConfig {
  const type = element.attributes.get("type");
  const id = context.need(element, "id");
  return {
    id,
    name: element.attributes.get("uname") ?? id,
    type: type === "remote" || type === "ping" ? type : "member",
    score: element.attributes.get("score"),
    attributes: readNvSets(context, element, "instance_attributes"),
    utilization: readNvSets(context, element, "utilization"),
    at: context.at(element),
  };
}

function readTag(context: CibContext, element: XmlElement): Tag {
  const references = childrenNamed(element, "obj_ref").map((one) => context.need(one, "id"));
  return { id: context.need(element, "id"), references, at: context.at(element) };
}

function readLevel(context: CibContext, element: XmlElement): FencingLevel {
  const get = (name: string) => element.attributes.get(name);
  return {
    id: context.need(element, "id"),
    index: Number.parseInt(context.need(element, "index"), 10),
    devices: context
      .need(element, "devices")
      .split(",")
      .filter((word) => word !== ""),
    target: get("target"),
    targetPattern: get("target-pattern"),
    targetAttribute: get("target-attribute"),
    targetValue: get("target-value"),
    at: context.at(element),
  };
}

function readAlert(context: CibContext, element: XmlElement): Alert {
  return {
    id: context.need(element, "id"),
    path: context.need(element, "path"),
    description: element.attributes.get("description"),
    recipients: childrenNamed(element, "recipient").map((one) => ({
      id: context.need(one, "id"),
      value: context.need(one, "value"),
    })),
    meta: readNvSets(context, element, "meta_attributes"),
    instance: readNvSets(context, element, "instance_attributes"),
    at: context.at(element),
  };
}
