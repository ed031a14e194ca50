import type { PlantedBug } from "./bugs.ts";

/** Bugs in who is there, who has quorum, who is fenced and whose services are taken over. */
const quorum = "shared/decide/quorum/quorum.ts";
const standing = "shared/decide/quorum/standing.ts";
const membership = "shared/decide/membership/membership.ts";
const world = "membership";

export const MEMBERSHIP_BUGS: readonly PlantedBug[] = [
  {
    name: "disk-votes-on-after-its-lease",
    file: "shared/decide/membership/machine.ts",
    world,
    find: "witness?.disk === true && nowMs < diskUntilMs ?",
    replace: "witness?.disk === true ?",
  },
  {
    name: "quorum-off-by-one",
    file: quorum,
    world,
    find: "return Math.floor(expectedVotes / 2) + 1;",
    replace: "return Math.ceil(expectedVotes / 2);",
  },
  {
    name: "heads-counted-for-votes",
    file: quorum,
    world,
    find: "sum + (here.includes(node.name) ? node.votes : 0)",
    replace: "sum + (here.includes(node.name) ? Math.max(2, node.votes) : 0)",
  },
  {
    name: "witness-votes-for-both",
    file: quorum,
    world,
    find: "const witness = options.witness !== null && here.includes(options.witness.name) ? options.witness.votes : 0;",
    replace: "const witness = options.witness?.votes ?? 0;",
  },
  {
    name: "tie-broken-for-both-halves",
    file: quorum,
    world,
    find: 'if (autoTieBreaker === "lowest") return here.includes(names[0] ?? "");',
    replace: 'if (autoTieBreaker === "lowest") return true;',
  },
  {
    name: "tie-list-takes-any-of-its-names",
    file: quorum,
    world,
    find: "const chosen = autoTieBreaker.find((name) => names.includes(name));",
    replace: "const chosen = autoTieBreaker.find((name) => here.includes(name));",
  },
  {
    name: "no-wait-for-all-of-two",
    file: quorum,
    world,
    find: "const waits = (options.waitForAll || options.twoNode || options.lastManStanding) && !sawAll;",
    replace: "const waits = options.waitForAll && !sawAll;",
  },
  {
    name: "everybody-heard-votes",
    file: standing,
    world,
    find: "decideQuorum(options.quorum, standing.quorum, presence.vouchers, nowMs);",
    replace: "decideQuorum(options.quorum, standing.quorum, presence.members, nowMs);",
  },
  {
    name: "words-count-for-ever",
    file: membership,
    world,
    find: "peer.view.includes(self) && nowMs - peer.freshMs <= vouchMs;",
    replace: "peer.view.includes(self);",
  },
  {
    name: "taken-in-at-once",
    file: membership,
    world,
    find: "if (nowMs - peer.joiningSinceMs >= waitMs) return true;",
    replace: "if (waitMs > 0) return true;",
  },
  {
    name: "flapping-never-forgiven",
    file: "shared/decide/membership/damping.ts",
    world,
    find: "return damping.penalty * 2 ** (-(nowMs - damping.atMs) / options.halfLifeMs);",
    replace: "return damping.penalty;",
  },
  {
    name: "takeover-before-self-fencing",
    file: standing,
    world,
    find: "return nowMs - lost.sinceMs >= (options.selfFenceMs * (1 + driftRatio)) / (1 - driftRatio);",
    replace: "return nowMs - lost.sinceMs >= options.selfFenceMs / 4;",
  },
  {
    name: "takeover-while-others-have-it-in-view",
    file: standing,
    world,
    find: "if (!presence.ruledOut.includes(name)) lost.delete(name);",
    replace: "if (presence.members.includes(name)) lost.delete(name);",
  },
  {
    name: "frozen-taken-for-stopped",
    file: standing,
    world,
    find: 'const stops = options.policy === "stop" || options.policy === "suicide" || options.policy === "demote";',
    replace: "const stops = true;",
  },
  {
    name: "failed-fencing-taken-for-done",
    file: standing,
    world,
    find: "if (lost?.sinceMs === order.sinceMs) lost.fenceDueMs = nowMs + standing.options.fencingRetryMs;",
    replace: "if (lost?.sinceMs === order.sinceMs) lost.fenced = true;",
  },
  {
    name: "no-quorum-changes-nothing",
    file: quorum,
    world,
    find: 'if (quorate || policy === "ignore") return "continue";',
    replace: 'if (quorate || policy === "ignore" || policy === "suicide") return "continue";',
  },
  // Second lines of defence: schedules are aimed at them.
  {
    name: "freshness-by-arrival",
    file: membership,
    world: "storms",
    find: "if (echoed !== undefined) peer.freshMs = Math.max(peer.freshMs, echoed);",
    replace: "peer.freshMs = membership.tickDueMs;",
  },
  {
    name: "joining-not-told",
    file: membership,
    test: "shared/decide/membership/membership.test.ts",
    find: "(voucher.view.includes(name) || voucher.joining.includes(name));",
    replace: "voucher.view.includes(name);",
  },
  {
    name: "old-heartbeats-listened-to",
    file: membership,
    test: "shared/decide/membership/membership.test.ts",
    find: "if (heartbeat.count >= peer.count) listen(membership, peer, heartbeat);",
    replace: "listen(membership, peer, heartbeat);",
  },
  {
    name: "loss-counted-without-quorum",
    file: standing,
    world: "storms",
    find: "    lost.clear();\n    return;",
    replace: "",
  },
  {
    name: "fencing-confirmed-of-an-earlier-loss",
    file: standing,
    world: "storms",
    find: "if (lost?.sinceMs === order.sinceMs) lost.fenced = true;",
    replace: "if (lost !== undefined) lost.fenced = true;",
  },
  {
    name: "the-held-back-are-fenced",
    file: standing,
    world: "storms",
    find: "if (lost.fenced || nowMs < lost.fenceDueMs || presence.heldBack.includes(name)) continue;",
    replace: "if (lost.fenced || nowMs < lost.fenceDueMs) continue;",
  },
];
