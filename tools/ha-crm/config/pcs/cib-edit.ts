import type { Result } from "../../../../shared/reason/result.ts";
import { fail, ok } from "../../../../shared/reason/result.ts";
import { reason } from "../../../../shared/reason/catalogue.ts";
import { crmReasons } from "../../model/reasons.ts";
import { parseTree, TreeElement, writeTree, type Tree } from "./tree.ts";

/** Sections of a configuration in the order that the schema wants. */
const SECTIONS = [
  "crm_config",
  "nodes",
  "resources",
  "constraints",
  "acls",
  "tags",
  "fencing-topology",
  "alerts",
  "rsc_defaults",
  "op_defaults",
];
const RESOURCES: ReadonlySet<string> = new Set(["primitive", "group", "clone", "master", "bundle"]);
export const CONSTRAINTS: ReadonlySet<string> = new Set(["rsc_location", "rsc_colocation", "rsc_order", "rsc_ticket"]);

/** A CIB that is being changed: sections, resources and ids found and made as Pacemaker's tools do. */
export class CibEdit {
  private readonly tree: Tree;
  readonly root: TreeElement;

  constructor(tree: Tree) {
    this.tree = tree;
    this.root = tree.root;
  }

  write(): string {
    return writeTree(this.tree);
  }

  get configuration(): TreeElement {
    const found = this.root.child("configuration");
    return found ?? this.root.insert(TreeElement.make("configuration"), this.root.children[0]);
  }

  /** The section, or undefined; looking changes nothing. */
  peek(name: string): TreeElement | undefined {
    return this.root.child("configuration")?.child(name);
  }

  /** The section; made in its place when it isn't there. */
  section(name: string): TreeElement {
    const found = this.peek(name);
    if (found !== undefined) return found;
    const place = SECTIONS.indexOf(name);
    if (place < 0) throw new Error(`no section ${name}`);
    // The first four come in this order; the rest follow as they are made.
    const next = place > 3 ? undefined : this.configuration.children.find((one) => SECTIONS.indexOf(one.name) > place);
    return this.configuration.insert(TreeElement.make(name), next);
  }

  /** A section that holds nothing any more goes, when it isn't one of the four that must be there. */
  dropEmpty(name: string): void {
    const found = this.peek(name);
    if (found !== undefined && found.children.length === 0 && SECTIONS.indexOf(name) > 3) found.detach();
  }

  *all(): Generator<TreeElement> {
    const configuration = this.root.child("configuration");
    if (configuration !== undefined) yield* configuration.walk();
  }

  /** What has this id; entries of sets and tags name others and have none of their own. */
  find(id: string): TreeElement | undefined {
    for (const element of this.all()) {
      if (element.get("id") === id && !isReference(element)) return element;
    }
    return undefined;
  }

  /** `base`, or `base-1`, `base-2` … when it is taken. */
  freeId(base: string, reserved: ReadonlySet<string> = new Set()): string {
    const taken = new Set(reserved);
    for (const element of this.all()) if (!isReference(element)) taken.add(element.id);
    if (!taken.has(base)) return base;
    let number = 1;
    while (taken.has(`${base}-${number}`)) number += 1;
    return `${base}-${number}`;
  }

  /** All resources, also those inside groups and clones, in order. */
  resources(): readonly TreeElement[] {
    const section = this.peek("resources");
    return section === undefined ? [] : [...section.walk()].filter((one) => RESOURCES.has(one.name));
  }

  resource(id: string): TreeElement | undefined {
    return this.resources().find((one) => one.id === id);
  }

  constraints(): readonly TreeElement[] {
    return (this.peek("constraints")?.children ?? []).filter((one) => CONSTRAINTS.has(one.name));
  }

  nodes(): readonly TreeElement[] {
    return this.peek("nodes")?.all("node") ?? [];
  }

  node(name: string): TreeElement | undefined {
    return this.nodes().find((one) => one.get("uname") === name);
  }
}

function isReference(element: TreeElement): boolean {
  return element.name === "resource_ref" || element.name === "obj_ref" || element.name === "role";
}

export function isStonith(element: TreeElement): boolean {
  return element.name === "primitive" && element.get("class") === "stonith";
}

export function isClone(element: TreeElement | undefined): element is TreeElement {
  return element?.name === "clone" || element?.name === "master";
}

/** Resources directly inside a group, clone or bundle. */
export function membersOf(element: TreeElement): readonly TreeElement[] {
  return element.children.filter((one) => RESOURCES.has(one.name));
}

/** All primitives of a resource; itself when it is one. */
export function primitivesBelow(element: TreeElement): readonly TreeElement[] {
  return [...element.walk()].filter((one) => one.name === "primitive");
}

/** The group, clone or bundle that a resource is in. */
export function outerOf(element: TreeElement): TreeElement | undefined {
  return element.parent !== undefined && RESOURCES.has(element.parent.name) ? element.parent : undefined;
}

/** Reads a CIB for changing. */
export function readCibEdit(file: string, text: string): Result<CibEdit> {
  const parsed = parseTree(file, text);
  if (!parsed.ok) return parsed;
  if (parsed.value.root.name !== "cib") {
    const at = { file, line: 1, column: 1 };
    return fail([reason(crmReasons, "CRM_CIB_ROOT", { found: parsed.value.root.name }, at)]);
  }
  return ok(new CibEdit(parsed.value));
}
