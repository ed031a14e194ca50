import type { AgentAction, AgentFacts, AgentParameter } from "../model/agents.ts";
import { childNamed, childrenNamed, parseXml, type XmlElement } from "./xml.ts";

/** Reads what an agent prints for `meta-data`; undefined when it is none. A document type in front is skipped. */
export function parseAgentXml(name: string, text: string): AgentFacts | undefined {
  const parsed = parseXml(name, text.replace(/<!DOCTYPE[^>[]*>/, ""));
  if (!parsed.ok || parsed.value.root.name !== "resource-agent") return undefined;
  const { root } = parsed.value;
  return {
    name,
    parameters: childrenNamed(childNamed(root, "parameters"), "parameter").map(readParameter),
    actions: childrenNamed(childNamed(root, "actions"), "action").map(readAction),
  };
}

function readParameter(element: XmlElement): AgentParameter {
  const get = (name: string) => element.attributes.get(name);
  return {
    name: get("name") ?? "",
    required: get("required") === "1",
    deprecated: get("deprecated") === "1",
    replaces: get("obsoletes"),
  };
}

function readAction(element: XmlElement): AgentAction {
  const get = (name: string) => element.attributes.get(name);
  return {
    name: get("name") ?? "",
    timeout: get("timeout"),
    interval: get("interval"),
    role: get("role"),
    depth: get("depth"),
    startDelay: get("start-delay"),
  };
}
