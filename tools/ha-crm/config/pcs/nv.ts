import type { CibEdit } from "./cib-edit.ts";
import { TreeElement } from "./tree.ts";
import { sortedPairs, type Pairs } from "./words.ts";

export type NvTag = "instance_attributes" | "meta_attributes" | "utilization" | "cluster_property_set";

/** A new set with sorted values; undefined when there would be none in it. */
export function makeNvSet(cib: CibEdit, tag: NvTag, id: string, pairs: Pairs): TreeElement {
  const set = TreeElement.make(tag, { id });
  const reserved = new Set<string>([id]);
  for (const [name, value] of sortedPairs(pairs)) {
    if (value === "") continue;
    const pairId = cib.freeId(`${id}-${idPart(name)}`, reserved);
    reserved.add(pairId);
    set.append(TreeElement.make("nvpair", { id: pairId, name, value }));
  }
  return set;
}

/** A name of an attribute as a part of an id. */
export function idPart(name: string): string {
  return name.replace(/[^\p{L}\p{N}_.-]/gu, "");
}

export function nvValue(owner: TreeElement, tag: NvTag, name: string): string | undefined {
  for (const set of owner.all(tag)) {
    for (const pair of set.all("nvpair")) if (pair.get("name") === name) return pair.get("value");
  }
  return undefined;
}

/** All names and values of the sets of one kind; the first set wins. */
export function nvPairs(owner: TreeElement, tag: NvTag): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of owner.all(tag).flatMap((set) => set.all("nvpair"))) {
    const name = pair.get("name") ?? "";
    if (!pairs.has(name)) pairs.set(name, pair.get("value") ?? "");
  }
  return pairs;
}

export interface UpdateOptions {
  /** The id of the set when it has to be made. */
  readonly id?: string;
  /** Where a new set goes: before this child. */
  readonly before?: TreeElement | undefined;
  /** Keeps a set that has lost its last value. */
  readonly keepEmpty?: boolean;
  /** New values in the order they were given, not sorted. */
  readonly asGiven?: boolean;
}

/** Adds, changes and (empty value) removes values of the first set; a set is made when one is needed. */
export function updateNvSet(
  cib: CibEdit,
  owner: TreeElement,
  tag: NvTag,
  pairs: Pairs,
  options: UpdateOptions = {},
): void {
  let set = owner.child(tag);
  const adds = [...pairs.values()].some((value) => value !== "");
  if (set === undefined) {
    if (!adds) return;
    set = TreeElement.make(tag, { id: cib.freeId(options.id ?? `${owner.id}-${tag}`) });
    owner.insert(set, options.before);
  }
  updatePairs(cib, set, pairs, options.asGiven);
  if (set.all("nvpair").length === 0 && options.keepEmpty !== true) set.detach();
}

/** The same for one given set. */
export function updatePairs(cib: CibEdit, set: TreeElement, pairs: Pairs, asGiven = false): void {
  for (const [name, value] of asGiven ? pairs : sortedPairs(pairs)) {
    const found = set.all("nvpair").filter((pair) => pair.get("name") === name);
    if (value === "") for (const pair of found) pair.detach();
    else if (found[0] !== undefined) found[0].set("value", value);
    else set.append(TreeElement.make("nvpair", { id: cib.freeId(`${set.id}-${idPart(name)}`), name, value }));
  }
}
