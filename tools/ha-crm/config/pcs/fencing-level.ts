import { isStonith } from "./cib-edit.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";
import { TreeElement } from "./tree.ts";
import { hint } from "../../../../shared/text/did-you-mean.ts";
import { idFrom } from "./words.ts";

/** Whom a level fences: a node, all nodes that match, all with an attribute. */
interface LevelTarget {
  readonly attributes: Readonly<Record<string, string>>;
  readonly shown: string;
}

function readTarget(command: PcsCommand, word: string): LevelTarget {
  const found = /^(node|regexp|attrib)%(.*)$/.exec(word);
  const text = found?.[2] ?? word;
  if (found?.[1] === "regexp") return { attributes: { "target-pattern": text }, shown: text };
  if (found?.[1] === "attrib") {
    const equals = text.indexOf("=");
    if (equals < 1) command.wrongUse(`"${word}" is not attrib%NAME=VALUE`, word);
    return {
      attributes: { "target-attribute": text.slice(0, equals), "target-value": text.slice(equals + 1) },
      shown: text,
    };
  }
  return { attributes: { target: text }, shown: text };
}

function levels(command: PcsCommand): readonly TreeElement[] {
  return command.cib.peek("fencing-topology")?.all("fencing-level") ?? [];
}

const hits = (level: TreeElement, target: LevelTarget) =>
  Object.entries(target.attributes).every(([name, value]) => level.get(name) === value);

function readIndex(command: PcsCommand, word: string): void {
  if (!/^[1-9]$/.test(word)) {
    command.problem("CRM_PCS_VALUE", { name: "a level", value: word, hint: "use a number from 1 to 9" }, word);
  }
}

const readDevices = (words: readonly string[]) =>
  words.flatMap((word) => word.split(",")).filter((word) => word !== "");

function add(command: PcsCommand): void {
  const { cib } = command;
  const [index, targetWord, ...rest] = command.words;
  if (index === undefined || targetWord === undefined || rest.length === 0) {
    command.wrongUse("a level, a target and at least one device are needed");
  }
  readIndex(command, index);
  const target = readTarget(command, targetWord);
  const node = target.attributes["target"];
  if (node !== undefined && cib.node(node) === undefined) {
    const known = cib.nodes().map((one) => one.get("uname") ?? one.id);
    command.unlessForced("CRM_PCS_NO_SUCH", { what: "node", id: node, hint: hint(node, known) }, targetWord);
  }
  const devices = readDevices(rest);
  for (const device of devices) {
    const found = cib.resource(device);
    if (found !== undefined && isStonith(found)) continue;
    const known = cib
      .resources()
      .filter(isStonith)
      .map((one) => one.id);
    command.unlessForced(
      "CRM_PCS_NO_SUCH",
      { what: "fencing device", id: device, hint: known.length === 0 ? "there is none" : hint(device, known) },
      device,
    );
  }
  const same = levels(command).find(
    (one) => one.get("index") === index && hits(one, target) && one.get("devices") === devices.join(","),
  );
  if (same !== undefined) {
    command.problem("CRM_PCS_LEVEL_EXISTS", { level: index, target: target.shown, devices: devices.join(",") }, index);
  }
  const name = target.attributes["target-attribute"] ?? target.shown;
  const id = cib.freeId(`fl-${idFrom(name)}-${index}`);
  const level = TreeElement.make("fencing-level", { id, ...target.attributes, index, devices: devices.join(",") });
  cib.section("fencing-topology").append(level);
}

/** `[target WORD] [stonith DEVICE…]`; the old form `[WORD] [DEVICE…]` is taken too. */
function readFilter(command: PcsCommand, words: readonly string[]): (level: TreeElement) => boolean {
  let target: LevelTarget | undefined;
  let devices: readonly string[] | undefined;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "target")
      target = readTarget(command, words[(at += 1)] ?? command.wrongUse("after target its name is missing", word));
    else if (word === "stonith") {
      devices = readDevices(words.slice(at + 1));
      break;
    } else if (target === undefined && command.cib.resource(word) === undefined) target = readTarget(command, word);
    else {
      devices = readDevices(words.slice(at));
      break;
    }
  }
  return (level) =>
    (target === undefined || hits(level, target)) &&
    (devices === undefined || level.get("devices") === devices.join(","));
}

function removeLevels(command: PcsCommand, what: string, fits: (level: TreeElement) => boolean): void {
  const found = levels(command).filter(fits);
  if (found.length === 0) {
    const known = levels(command).map(
      (one) => `${one.get("index") ?? ""} of ${targetOf(one)} with ${one.get("devices") ?? ""}`,
    );
    const text = known.length === 0 ? "there is none at all" : `there are: ${known.join("; ")}`;
    command.refuse("CRM_PCS_NO_SUCH", { what: "fencing level", id: what, hint: text }, command.words[0]);
  }
  for (const one of found) one.detach();
}

function remove(command: PcsCommand): void {
  const [index, ...rest] = command.words;
  if (index === undefined) command.wrongUse("name the level");
  readIndex(command, index);
  const fits = readFilter(command, rest);
  removeLevels(command, command.words.join(" "), (level) => level.get("index") === index && fits(level));
}

function clear(command: PcsCommand): void {
  if (command.words.length === 0) {
    for (const one of levels(command)) one.detach();
    return;
  }
  const list = command.words[0] === "stonith" && command.words.slice(1).some((word) => word.includes(","));
  if (list) command.wrongUse("name the devices one by one, without commas", command.words[1]);
  removeLevels(command, command.words.join(" "), readFilter(command, command.words));
}

export function targetOf(level: TreeElement): string {
  const attribute = level.get("target-attribute");
  if (attribute !== undefined) return `${attribute}=${level.get("target-value") ?? ""}`;
  return level.get("target") ?? level.get("target-pattern") ?? "";
}

/** Lines as pcs shows levels: targets, and below each its levels in order. */
export function levelLines(command: PcsCommand): readonly string[] {
  const byTarget = new Map<string, TreeElement[]>();
  for (const level of levels(command)) byTarget.set(targetOf(level), [...(byTarget.get(targetOf(level)) ?? []), level]);
  return [...byTarget].flatMap(([target, all]) => [
    `Target: ${target}`,
    ...all
      .toSorted((left, right) => Number(left.get("index")) - Number(right.get("index")))
      .map((level) => `  Level ${level.get("index") ?? ""} - ${level.get("devices") ?? ""}`),
  ]);
}

/** Every device and node that a level names must be there. */
function verify(command: PcsCommand): void {
  for (const level of levels(command)) {
    const node = level.get("target");
    if (node !== undefined && command.cib.node(node) === undefined) {
      command.problem("CRM_PCS_NO_SUCH", { what: "node", id: node, hint: `the level ${level.id} names it` });
    }
    for (const device of (level.get("devices") ?? "").split(",")) {
      const found = command.cib.resource(device);
      if (found === undefined || !isStonith(found)) {
        command.problem("CRM_PCS_NO_SUCH", {
          what: "fencing device",
          id: device,
          hint: `the level ${level.id} names it`,
        });
      }
    }
  }
}

export const levelVerbs: readonly PcsVerb[] = [
  {
    words: ["stonith", "level", "add"],
    usage: "LEVEL TARGET DEVICE…",
    summary: "Say which devices fence a node, and in which order they are tried",
    run: add,
  },
  {
    words: ["stonith", "level", "delete"],
    aliases: [["stonith", "level", "remove"]],
    usage: "LEVEL [target TARGET] [stonith DEVICE…]",
    summary: "Remove fencing levels",
    run: remove,
  },
  {
    words: ["stonith", "level", "clear"],
    usage: "[target TARGET | stonith DEVICE…]",
    summary: "Remove all fencing levels, of a target or with these devices",
    run: clear,
  },
  {
    words: ["stonith", "level"],
    aliases: [["stonith", "level", "config"]],
    usage: "",
    summary: "Show fencing levels",
    looks: true,
    run: (command) => levelLines(command).join("\n"),
  },
  {
    words: ["stonith", "level", "verify"],
    usage: "",
    summary: "Check that all devices and nodes of fencing levels exist",
    looks: true,
    run: verify,
  },
];
