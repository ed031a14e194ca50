import type { TicketConstraint } from "../model/constraint.ts";
import { INFINITY_SCORE } from "../model/score.ts";
import { fenceNode } from "./fence-node.ts";
import { parseRole, ROLE, type Role } from "./roles.ts";
import { banEverywhere } from "./scores.ts";
import { resolveTargets } from "./targets.ts";
import type { SchedResource, SchedTicketConstraint, World } from "./world.ts";

/** Tickets: what may only run while this site holds a ticket. */
export function unpackTicket(world: World, constraint: TicketConstraint): void {
  const names = constraint.resource === undefined ? [] : [constraint.resource];
  const policy = policyOf(world, constraint.lossPolicy, roleOf(constraint.role));
  const add = (name: string, roleWord: string | undefined) => {
    for (const resource of resolveTargets(world, name)) {
      const role = roleOf(roleWord);
      const one = { id: constraint.id, ticket: constraint.ticket, role, lossPolicy: policy, at: constraint.at };
      resource.tickets.push(one);
      if (!isHeld(world, constraint.ticket)) enforce(world, resource, one);
    }
  };
  for (const name of names) add(name, constraint.role);
  for (const set of constraint.sets) for (const name of set.resources) add(name, set.role);
}

function roleOf(word: string | undefined): Role {
  const role = parseRole(word);
  return role === undefined || role === ROLE.started ? ROLE.unknown : role;
}

function policyOf(world: World, word: string | undefined, role: Role): SchedTicketConstraint["lossPolicy"] {
  if (word === "fence" && world.settings.fencingEnabled) return "fence";
  if (word === "freeze" || word === "demote") return word;
  if (word === undefined && role === ROLE.promoted) return "demote";
  return "stop";
}

function isHeld(world: World, ticket: string): boolean {
  const state = world.tickets.get(ticket);
  return state !== undefined && state.granted && !state.standby;
}

/** What a missing ticket (or one on standby) does to every primitive of a resource. */
function enforce(world: World, resource: SchedResource, constraint: SchedTicketConstraint): void {
  if (resource.children.length > 0) {
    for (const child of resource.children) enforce(world, child, constraint);
    return;
  }
  const ban = () => banEverywhere(world, resource, "SCORE_TICKET", constraint.ticket, constraint.at);
  const granted = world.tickets.get(constraint.ticket)?.granted === true;
  const promotedOnly = constraint.role === ROLE.promoted;
  if (granted || resource.runningOn.length === 0) {
    // Nothing new is started; whether it may be promoted is decided when instances get their roles.
    if (!promotedOnly || constraint.lossPolicy === "stop") ban();
    return;
  }
  const concerned = constraint.role === ROLE.unknown || constraint.role === resource.role;
  switch (constraint.lossPolicy) {
    case "stop":
      ban();
      break;
    case "demote":
      if (!promotedOnly) ban();
      break;
    case "fence":
      if (!concerned) return;
      ban();
      for (const node of resource.runningOn) fenceNode(world, node, "deadman ticket was lost");
      break;
    case "freeze":
      if (!concerned) return;
      resource.managed = false;
      resource.blocked = true;
      break;
    default:
      constraint.lossPolicy satisfies never;
  }
}

/** Instances may only be promoted while the tickets for the promoted role are held. */
export function requirePromotionTickets(world: World, resource: SchedResource): void {
  for (const constraint of resource.tickets) {
    if (constraint.role === ROLE.promoted && !isHeld(world, constraint.ticket)) {
      for (const node of world.nodes) resource.scores[node.index] = -INFINITY_SCORE;
    }
  }
}
