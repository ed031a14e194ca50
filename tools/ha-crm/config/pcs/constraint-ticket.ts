import { readRoleAndResource } from "./constraint-colocation.ts";
import type { PcsCommand, PcsVerb } from "./context.ts";
import { addSetConstraint, readSets } from "./resource-sets.ts";
import { TreeElement } from "./tree.ts";
import { checkNewId, idFrom, isPair, onlyOptions, readPairs, type Pairs } from "./words.ts";

const LOSS_POLICIES = ["fence", "stop", "freeze", "demote"];

function checkLoss(command: PcsCommand, options: Pairs): void {
  const loss = options.get("loss-policy");
  if (loss !== undefined) command.oneOf("loss-policy", loss, LOSS_POLICIES);
}

function add(command: PcsCommand): void {
  const { cib } = command;
  const [ticket, ...rest] = command.words;
  if (ticket === undefined || isPair(ticket)) command.wrongUse("name the ticket");
  const { role, resource } = readRoleAndResource(
    command,
    rest.filter((word) => !isPair(word)),
  );
  const options = readPairs(command, rest.filter(isPair));
  onlyOptions(command, "a ticket constraint", options, ["loss-policy", "id"]);
  checkLoss(command, options);
  const given = options.get("id");
  if (given !== undefined) checkNewId(command, given);
  const same = cib
    .constraints()
    .find(
      (one) =>
        one.name === "rsc_ticket" &&
        one.get("ticket") === ticket &&
        one.get("rsc") === resource &&
        one.get("rsc-role") === role,
    );
  if (same !== undefined) command.unlessForced("CRM_PCS_SAME_CONSTRAINT", { id: same.id }, ticket);
  const id =
    given ?? cib.freeId(idFrom(["ticket", ticket, resource, role].filter((word) => word !== undefined).join("-")));
  cib.section("constraints").append(
    TreeElement.make("rsc_ticket", {
      id,
      ticket,
      rsc: resource,
      "rsc-role": role,
      "loss-policy": options.get("loss-policy"),
    }),
  );
}

function addSets(command: PcsCommand): void {
  const { sets, options } = readSets(command, command.words, ["role"]);
  onlyOptions(command, "a ticket constraint", options, ["id", "ticket", "loss-policy"]);
  checkLoss(command, options);
  if ((options.get("ticket") ?? "") === "") {
    command.problem("CRM_PCS_OPTION_MISSING", {
      what: "a ticket constraint",
      names: "ticket",
      example: "setoptions ticket=NAME",
    });
  }
  addSetConstraint(command, "ticket", sets, Object.fromEntries(options));
}

function remove(command: PcsCommand): void {
  const [ticket, resource] = command.words;
  if (ticket === undefined || resource === undefined) command.wrongUse("name the ticket and the resource");
  const all = command.cib.constraints().filter((one) => one.name === "rsc_ticket");
  let count = 0;
  for (const one of all.filter((two) => two.get("ticket") === ticket)) {
    if (one.get("rsc") === resource) {
      one.detach();
      count += 1;
    }
    for (const set of one.all("resource_set")) {
      for (const ref of set.all("resource_ref").filter((two) => two.id === resource)) {
        ref.detach();
        count += 1;
      }
      if (set.all("resource_ref").length === 0) set.detach();
    }
    if (one.get("rsc") === undefined && one.all("resource_set").length === 0) one.detach();
  }
  if (count > 0) return;
  command.noSuch(
    "ticket constraint",
    `${ticket} ${resource}`,
    all.map((one) => `${one.get("ticket") ?? ""} ${one.get("rsc") ?? ""}`),
  );
}

export const ticketVerbs: readonly PcsVerb[] = [
  {
    words: ["constraint", "ticket", "add"],
    usage: "TICKET [ROLE] RESOURCE [loss-policy=fence|stop|freeze|demote] [id=ID]",
    summary: "Let a resource run only where its site holds a ticket",
    run: add,
  },
  {
    words: ["constraint", "ticket", "set"],
    usage: "RESOURCE… [role=ROLE] [set …]… setoptions ticket=NAME [loss-policy=…] [id=ID]",
    summary: "The same for sets of resources",
    run: addSets,
  },
  {
    words: ["constraint", "ticket", "delete"],
    aliases: [["constraint", "ticket", "remove"]],
    usage: "TICKET RESOURCE",
    summary: "Remove the constraints of a ticket on a resource",
    run: remove,
  },
];
