import { CORE_REASONS } from "../../model/core-reasons.ts";
import { reason, type Reason } from "../../reason/catalogue.ts";
import type { QuorumOptions } from "./quorum.ts";

/**
 * What is wrong with a set of quorum rules, all at once; nothing when it can be used. What excludes what is as in
 * votequorum(5): a witness stands where corosync has a quorum device.
 */
export function checkQuorumRules(options: QuorumOptions): readonly Reason[] {
  const { nodes, witness, twoNode, lastManStanding, autoTieBreaker } = options;
  const facts: Reason[] = [];
  const say = (fact: Reason): void => void facts.push(fact);
  const voters = [...nodes, ...(witness === null ? [] : [witness])];
  for (const [at, { name, votes }] of voters.entries()) {
    if (voters.findIndex((one) => one.name === name) < at) say(reason(CORE_REASONS, "CORE_RULES_NAME_TWICE", { name }));
    if (!Number.isInteger(votes) || votes < 0) say(reason(CORE_REASONS, "CORE_RULES_VOTES", { name, votes }));
    if (lastManStanding && votes !== 1) say(reason(CORE_REASONS, "CORE_RULES_EQUAL_VOTES", { name, votes }));
  }
  const forTwo = [twoNode ? "two_node" : "", witness?.disk === true ? "a witness disk" : ""].filter(
    (rule) => rule !== "",
  );
  for (const rule of forTwo) {
    if (nodes.length !== 2) say(reason(CORE_REASONS, "CORE_RULES_TWO_NODES", { rule, count: nodes.length }));
  }
  const tie = autoTieBreaker !== "none";
  const pairs: readonly (readonly [string, boolean])[] = [
    ["two_node", twoNode],
    ["auto_tie_breaker", tie],
    ["last_man_standing", lastManStanding],
  ];
  for (const [rule, set] of pairs) {
    if (set && witness !== null) say(reason(CORE_REASONS, "CORE_RULES_EXCLUDE", { rule, other: "a witness" }));
    if (set && rule !== "two_node" && twoNode) {
      say(reason(CORE_REASONS, "CORE_RULES_EXCLUDE", { rule, other: "two_node" }));
    }
  }
  if (typeof autoTieBreaker === "object" && !autoTieBreaker.some((name) => nodes.some((node) => node.name === name))) {
    say(reason(CORE_REASONS, "CORE_RULES_TIE_NODES", { names: autoTieBreaker }));
  }
  return facts;
}
