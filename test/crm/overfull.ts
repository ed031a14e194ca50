import type { Verdict } from "./oracle.ts";
import { runOurs } from "./ours.ts";

/**
 * Does an answer put more instances of a cloned group on a node than `clone-node-max` allows? That is what was there
 * before, with what is started and without what is stopped. Nothing is said of a node that is fenced: what ends with it is
 * no step.
 */
export function overfills(xml: string, answer: Verdict): boolean {
  const { before, plan } = runOurs(xml).simulation;
  const count = (step: string) => answer.actions.filter((action) => action === step).length;
  const fenced = new Set(answer.actions.flatMap((action) => /^fence (?:off|reboot) (.*)$/.exec(action)?.[1] ?? []));
  const nodes = plan.world.nodes.map((node) => node.name).filter((name) => !fenced.has(name));
  return plan.world.all.some((clone) => {
    if (clone.kind !== "clone") return false;
    const members = new Set(clone.children.flatMap((group) => group.children.map((member) => member.name)));
    return [...members].some((id) => {
      const active = (node: string) => (before[id] ?? []).filter((place) => place.node === node).length;
      const after = (node: string) => active(node) + count(`${id} start ${node}`) - count(`${id} stop ${node}`);
      return nodes.some((node) => after(node) > clone.cloneNodeMax);
    });
  });
}
