import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import { pcsReasons } from "../../model/pcs-reasons.ts";
import { childNamed, elementPosition, parseXml, type XmlDocument, type XmlElement } from "../xml.ts";

/** Elements that only hold others, and the old wrapper of values. */
const HOLDERS: ReadonlySet<string> = new Set(["configuration", "operations", "attributes", "lifetime"]);
const MOST_NAMED = 100;

/** What an element says, apart from ids that nothing else needs. */
function sayingOf(element: XmlElement): string {
  const keepsId = ["resource_ref", "obj_ref", "primitive", "group", "clone", "tag", "alert"].includes(element.name);
  const attributes = [...element.attributes]
    .filter(([name, value]) => (name !== "id" || keepsId) && !isDefault(element, name, value))
    .map(([name, value]) => `${name}=${value}`)
    .toSorted();
  return `${element.name} ${attributes.join(" ")}`;
}

/** Attributes that say the same as their absence. */
function isDefault(element: XmlElement, name: string, value: string): boolean {
  if (name === "boolean-op") return value === "and";
  if (name === "score") return value === "0" && (element.name === "rsc_colocation" || element.name === "rsc_location");
  return element.name === "node" && name === "type" && (value === "normal" || value === "member");
}

function* below(element: XmlElement): Generator<XmlElement> {
  for (const child of element.children) {
    yield child;
    yield* below(child);
  }
}

/**
 * Everything of a configuration that isn't in another one made from it. A conversion that forgets something must say
 * so.
 */
export function findLost(original: XmlDocument, made: string): readonly Reason[] {
  const copy = parseXml("export", made);
  if (!copy.ok) throw new Error("an exported CIB can't be read");
  const kept = new Map<string, number>();
  const configuration = (document: XmlDocument) => childNamed(document.root, "configuration");
  for (const element of below(configuration(copy.value) ?? copy.value.root)) {
    const saying = sayingOf(element);
    kept.set(saying, (kept.get(saying) ?? 0) + 1);
  }
  const lost: Reason[] = [];
  for (const element of below(configuration(original) ?? original.root)) {
    // Without attributes it only holds others, which are looked at themselves.
    if (HOLDERS.has(element.name) || element.attributes.size === 0) continue;
    const saying = sayingOf(element);
    const count = kept.get(saying) ?? 0;
    kept.set(saying, count - 1);
    if (count > 0 || lost.length >= MOST_NAMED) continue;
    const id = element.attributes.get("id");
    const name = id === undefined ? element.name : `${element.name} ${id}`;
    lost.push(reason(pcsReasons, "CRM_IMPORT_LOST", { element: name }, elementPosition(original, element)));
  }
  return lost;
}
