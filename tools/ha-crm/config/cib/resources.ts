import { reason } from "../../../../shared/reason/catalogue.ts";
import { crmReasons } from "../../model/reasons.ts";
import type { Clone, Group, Operation, Primitive, Resource, Template } from "../../model/resource.ts";
import { childNamed, childrenNamed, type XmlElement } from "../xml.ts";
import type { CibContext } from "./context.ts";
import { readNvSets } from "./nvsets.ts";

/** Reads everything below `<resources>`. */
export function readResources(
  context: CibContext,
  parent: XmlElement | undefined,
): { readonly resources: readonly Resource[]; readonly templates: readonly Template[] } {
  const resources: Resource[] = [];
  const templates: Template[] = [];
  for (const element of parent?.children ?? []) {
    if (element.name === "template") {
      templates.push({ ...readPrimitive(context, element), kind: "template" });
      continue;
    }
    const resource = readResource(context, element);
    if (resource !== undefined) resources.push(resource);
  }
  return { resources, templates };
}

function readResource(context: CibContext, element: XmlElement): Resource | undefined {
  switch (element.name) {
    case "primitive":
      return readPrimitive(context, element);
    case "group":
      return readGroup(context, element);
    case "clone":
    case "master":
      return readClone(context, element, element.name);
    case "bundle":
      context.warnings.push(
        reason(crmReasons, "CRM_CIB_BUNDLE", { id: element.attributes.get("id") ?? "" }, context.at(element)),
      );
      return undefined;
    default:
      context.unknown(element);
      return undefined;
  }
}

function readBase(context: CibContext, element: XmlElement) {
  return {
    id: context.need(element, "id"),
    description: element.attributes.get("description"),
    meta: readNvSets(context, element, "meta_attributes"),
    instance: readNvSets(context, element, "instance_attributes"),
    at: context.at(element),
  };
}

function readPrimitive(context: CibContext, element: XmlElement): Primitive {
  const type = element.attributes.get("type");
  const template = element.attributes.get("template");
  if (template === undefined) {
    context.need(element, "class");
    context.need(element, "type");
  }
  const agent =
    type === undefined
      ? undefined
      : { class: element.attributes.get("class") ?? "", provider: element.attributes.get("provider"), type };
  const written = childNamed(element, "operations");
  const operations = written === undefined ? undefined : context.follow(written);
  return {
    kind: "primitive",
    ...readBase(context, element),
    agent,
    template,
    operations: childrenNamed(operations, "op").map((op) => readOperation(context, context.follow(op))),
    utilization: readNvSets(context, element, "utilization"),
  };
}

const NO_OPTIONS: ReadonlySet<string> = new Set(["id", "name", "interval", "description", "id-ref"]);

function readOperation(context: CibContext, element: XmlElement): Operation {
  return {
    id: element.attributes.get("id") ?? "",
    name: context.need(element, "name"),
    interval: element.attributes.get("interval") ?? "0",
    options: Object.fromEntries([...element.attributes].filter(([name]) => !NO_OPTIONS.has(name))),
    meta: readNvSets(context, element, "meta_attributes"),
    instance: readNvSets(context, element, "instance_attributes"),
    at: context.at(element),
  };
}

function readGroup(context: CibContext, element: XmlElement): Group {
  const members = childrenNamed(element, "primitive").map((member) => readPrimitive(context, member));
  return { kind: "group", ...readBase(context, element), members };
}

function readClone(context: CibContext, element: XmlElement, name: "clone" | "master"): Clone | undefined {
  const child = element.children.find((one) => one.name === "primitive" || one.name === "group");
  if (child === undefined) {
    context.problems.push(
      reason(crmReasons, "CRM_CIB_MISSING", { element: name, attribute: "primitive or group" }, context.at(element)),
    );
    return undefined;
  }
  return {
    kind: "clone",
    element: name,
    ...readBase(context, element),
    child: child.name === "group" ? readGroup(context, child) : readPrimitive(context, child),
  };
}
