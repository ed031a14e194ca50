import { reason } from "../../../../shared/reason/catalogue.ts";
import { pcsReasons } from "../../model/pcs-reasons.ts";
import type { Agent, Clone, Group, Operation, Primitive, Resource } from "../../model/resource.ts";
import { operationId, setId } from "./ids.ts";
import type { Place } from "./place.ts";
import { readNvSets, textOf } from "./read-nvsets.ts";
import type { OperationSection, PrimitiveSection, ResourceSection } from "./schema.ts";

function readAgent(word: string | undefined, place: Place): Agent | undefined {
  if (word === undefined) return undefined;
  const [kind = "", second = "", third] = word.split(":");
  const good = kind === "ocf" ? third !== undefined && third !== "" : kind !== "" && second !== "";
  if (!good) place.problems.push(reason(pcsReasons, "CRM_YAML_AGENT", { agent: word }, place.at("agent")));
  if (kind === "ocf") return { class: kind, provider: second, type: word.split(":").slice(2).join(":") };
  return { class: kind, type: word.split(":").slice(1).join(":") };
}

function readOperation(resource: string, op: OperationSection, place: Place): Operation {
  const interval = textOf(op.interval) ?? "0";
  const id = op.id ?? operationId(resource, op.name, interval);
  const options = {
    ...op.other,
    timeout: op.timeout,
    role: op.role,
    "on-fail": op.onFail,
    requires: op.requires,
    enabled: op.enabled,
    "start-delay": op.startDelay,
  };
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  );
  return {
    id,
    name: op.name,
    interval,
    options: Object.fromEntries(given),
    meta: readNvSets(op.meta, setId(id, "meta_attributes"), place.below("meta")),
    instance: readNvSets(op.options, setId(id, "instance_attributes"), place.below("options")),
    at: place.at("name"),
  };
}

function readBase(one: PrimitiveSection, place: Place) {
  return {
    id: one.id,
    description: one.description,
    meta: readNvSets(one.meta, setId(one.id, "meta_attributes"), place.below("meta")),
    instance: readNvSets(one.options, setId(one.id, "instance_attributes"), place.below("options")),
    at: place.at("id"),
  };
}

export function readPrimitive(one: PrimitiveSection, place: Place): Primitive {
  if ((one.agent === undefined) === (one.template === undefined)) {
    const found = one.agent === undefined ? "nothing: it has no agent" : "two things: it has an agent and a template";
    place.problems.push(reason(pcsReasons, "CRM_YAML_RESOURCE_FORM", { id: one.id, found }, place.at("id")));
  }
  return {
    kind: "primitive",
    ...readBase(one, place),
    agent: readAgent(one.agent, place),
    template: one.template,
    operations: (one.operations ?? []).map((op, index) => readOperation(one.id, op, place.below("operations", index))),
    utilization: readNvSets(one.utilization, setId(one.id, "utilization"), place.below("utilization")),
  };
}

function readGroup(one: ResourceSection, members: readonly PrimitiveSection[], place: Place): Group {
  return {
    kind: "group",
    ...readBase(one, place),
    members: members.map((member, index) => readPrimitive(member, place.below("members", index))),
  };
}

/** A resource of any kind; what it is follows from the key it has. */
export function readResource(one: ResourceSection, place: Place): Resource | undefined {
  const kinds = [one.agent, one.template, one.members, one.clone].filter((part) => part !== undefined).length;
  if (kinds !== 1) {
    const found = kinds === 0 ? "nothing yet" : "several things at once";
    place.problems.push(reason(pcsReasons, "CRM_YAML_RESOURCE_FORM", { id: one.id, found }, place.at("id")));
    return undefined;
  }
  if (one.clone !== undefined) return readClone(one, one.clone, place);
  return one.members === undefined ? readPrimitive(one, place) : readGroup(one, one.members, place);
}

function readClone(one: ResourceSection, inside: NonNullable<ResourceSection["clone"]>, place: Place): Clone {
  const here = place.below("clone");
  return {
    kind: "clone",
    element: one.oldMaster === true ? "master" : "clone",
    ...readBase(one, place),
    child: inside.members === undefined ? readPrimitive(inside, here) : readGroup(inside, inside.members, here),
  };
}
