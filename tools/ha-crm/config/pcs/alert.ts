import type { PcsCommand, PcsVerb } from "./context.ts";
import { makeNvSet, nvPairs, updateNvSet } from "./nv.ts";
import { TreeElement } from "./tree.ts";
import { checkNewId, onlyOptions, readPairs, splitAt, wordsOf, type Pairs } from "./words.ts";

function alerts(command: PcsCommand): readonly TreeElement[] {
  return command.cib.peek("alerts")?.all("alert") ?? [];
}

function recipients(command: PcsCommand): readonly TreeElement[] {
  return alerts(command).flatMap((one) => one.all("recipient"));
}

function needOf(command: PcsCommand, what: string, all: readonly TreeElement[], id: string): TreeElement {
  const found = all.find((one) => one.id === id);
  if (found !== undefined) return found;
  return command.noSuch(
    what,
    id,
    all.map((one) => one.id),
  );
}

interface AlertWords {
  readonly plain: Pairs;
  readonly options: Pairs;
  readonly meta: Pairs;
}

function readWords(command: PcsCommand, words: readonly string[], allowed: readonly string[]): AlertWords {
  const parts = splitAt(words, ["options", "meta"]);
  const plain = readPairs(command, parts.get("")?.[0] ?? []);
  onlyOptions(command, "an alert", plain, allowed);
  return {
    plain,
    options: readPairs(command, wordsOf(parts, "options") ?? []),
    meta: readPairs(command, wordsOf(parts, "meta") ?? []),
  };
}

function fill(command: PcsCommand, element: TreeElement, words: AlertWords): void {
  const { cib } = command;
  if (words.meta.size > 0) {
    element.append(makeNvSet(cib, "meta_attributes", cib.freeId(`${element.id}-meta_attributes`), words.meta));
  }
  if (words.options.size > 0) {
    element.append(
      makeNvSet(cib, "instance_attributes", cib.freeId(`${element.id}-instance_attributes`), words.options),
    );
  }
}

function change(command: PcsCommand, element: TreeElement, words: AlertWords): void {
  for (const [name, value] of words.plain) {
    if (value === "" && name !== "description") {
      command.problem("CRM_PCS_VALUE", { name, value, hint: "it can't be taken away" }, `${name}=`);
    }
    element.set(name, value === "" ? undefined : value);
  }
  updateNvSet(command.cib, element, "meta_attributes", words.meta, { keepEmpty: true });
  updateNvSet(command.cib, element, "instance_attributes", words.options, { keepEmpty: true });
}

function create(command: PcsCommand): void {
  const words = readWords(command, command.words, ["path", "id", "description"]);
  const path = words.plain.get("path");
  if (path === undefined || path === "") command.wrongUse("path=FILE is needed: the program to call");
  const given = words.plain.get("id");
  if (given !== undefined) checkNewId(command, given);
  const id = given ?? command.cib.freeId("alert");
  const alert = TreeElement.make("alert", { id, path, description: words.plain.get("description") });
  command.cib.section("alerts").append(alert);
  fill(command, alert, words);
}

function addRecipient(command: PcsCommand): void {
  const [alertId, ...rest] = command.words;
  if (alertId === undefined) command.wrongUse("name the alert");
  const alert = needOf(command, "alert", alerts(command), alertId);
  const words = readWords(command, rest, ["value", "id", "description"]);
  const value = words.plain.get("value");
  if (value === undefined || value === "") command.wrongUse("value=TEXT is needed: who is told");
  if (alert.all("recipient").some((one) => one.get("value") === value)) {
    command.unlessForced("CRM_PCS_SAME_CONSTRAINT", { id: alertId }, `value=${value}`);
  }
  const given = words.plain.get("id");
  if (given !== undefined) checkNewId(command, given);
  const id = given ?? command.cib.freeId(`${alertId}-recipient`);
  const recipient = TreeElement.make("recipient", { id, value, description: words.plain.get("description") });
  alert.append(recipient);
  fill(command, recipient, words);
}

const WORDS_OF: Readonly<Record<"alert" | "recipient", readonly string[]>> = {
  alert: ["path", "description"],
  recipient: ["value", "description"],
};

function update(what: "alert" | "recipient"): (command: PcsCommand) => void {
  return (command: PcsCommand) => {
    const [id, ...rest] = command.words;
    if (id === undefined) command.wrongUse(`name the ${what}`);
    const element = needOf(command, what, what === "alert" ? alerts(command) : recipients(command), id);
    change(command, element, readWords(command, rest, WORDS_OF[what]));
  };
}

function remove(what: "alert" | "recipient"): (command: PcsCommand) => void {
  return (command: PcsCommand) => {
    if (command.words.length === 0) command.wrongUse(`name at least one ${what}`);
    for (const id of command.words) {
      needOf(command, what, what === "alert" ? alerts(command) : recipients(command), id).detach();
    }
  };
}

function pairText(pairs: Pairs): string {
  return [...pairs].map(([name, value]) => `${name}=${value}`).join(" ");
}

export function alertLines(all: readonly TreeElement[]): readonly string[] {
  const details = (element: TreeElement, indent: string) => {
    const description = element.get("description");
    const options = nvPairs(element, "instance_attributes");
    const meta = nvPairs(element, "meta_attributes");
    return [
      ...(description === undefined ? [] : [`${indent}Description: ${description}`]),
      ...(options.size === 0 ? [] : [`${indent}Options: ${pairText(options)}`]),
      ...(meta.size === 0 ? [] : [`${indent}Meta options: ${pairText(meta)}`]),
    ];
  };
  return all.flatMap((alert) => {
    const each = alert
      .all("recipient")
      .flatMap((one) => [`  Recipient: ${one.id} (value=${one.get("value") ?? ""})`, ...details(one, "   ")]);
    return [
      `Alert: ${alert.id} (path=${alert.get("path") ?? ""})`,
      ...details(alert, " "),
      ...(each.length === 0 ? [] : [" Recipients:", ...each]),
    ];
  });
}

function show(command: PcsCommand): string {
  const lines = alertLines(alerts(command));
  return ["Alerts:", ...(lines.length === 0 ? [" No alerts defined"] : lines.map((line) => ` ${line}`))].join("\n");
}

export const alertVerbs: readonly PcsVerb[] = [
  {
    words: ["alert", "create"],
    usage: "path=FILE [id=ID] [description=TEXT] [options NAME=VALUE…] [meta NAME=VALUE…]",
    summary: "Have a program called when something happens",
    run: create,
  },
  {
    words: ["alert", "update"],
    usage: "ID [path=FILE] [description=TEXT] [options NAME=VALUE…] [meta NAME=VALUE…]",
    summary: "Change an alert",
    run: update("alert"),
  },
  {
    words: ["alert", "delete"],
    aliases: [["alert", "remove"]],
    usage: "ID…",
    summary: "Remove alerts",
    run: remove("alert"),
  },
  {
    words: ["alert", "recipient", "add"],
    usage: "ALERT value=TEXT [id=ID] [description=TEXT] [options NAME=VALUE…] [meta NAME=VALUE…]",
    summary: "Add somebody to tell",
    run: addRecipient,
  },
  {
    words: ["alert", "recipient", "update"],
    usage: "ID [value=TEXT] [description=TEXT] [options NAME=VALUE…] [meta NAME=VALUE…]",
    summary: "Change a recipient",
    run: update("recipient"),
  },
  {
    words: ["alert", "recipient", "delete"],
    aliases: [["alert", "recipient", "remove"]],
    usage: "ID…",
    summary: "Remove recipients",
    run: remove("recipient"),
  },
  { words: ["alert"], aliases: [["alert", "config"]], usage: "", summary: "Show alerts", looks: true, run: show },
];
