import type { PlantedBug } from "./bugs.ts";

/** Bugs in the vote of a witness disk. */
const file = "shared/decide/quorum/disk-vote.ts";
const world = "disk";

export const DISK_BUGS: readonly PlantedBug[] = [
  {
    name: "disk-claim-doesn't-wait",
    file,
    world,
    find: "const ripeMs = claim.landedMs + options.ttlMs;",
    replace: "const ripeMs = claim.landedMs;",
  },
  {
    name: "disk-claim-waits-from-its-beginning",
    file,
    world,
    find: "const ripeMs = claim.landedMs + options.ttlMs;",
    replace: "const ripeMs = claim.begunMs + options.ttlMs;",
  },
  {
    name: "disk-lapsed-vote-comes-back",
    file,
    world,
    find: 'if (vote.phase === "hold" && nowMs >= vote.heldUntilMs)',
    replace: 'if (vote.phase === "hold" && nowMs >= vote.heldUntilMs + 1e9)',
  },
  {
    name: "disk-vote-counts-from-the-answer",
    file,
    world,
    find: "if (intact && strangers(vote).length === 0) vote.heldUntilMs = begunMs + usable(options);",
    replace: "if (intact && strangers(vote).length === 0) vote.heldUntilMs = nowMs + usable(options);",
  },
  {
    name: "disk-holder-looks-at-nobody",
    file,
    world,
    find: "if (intact && strangers(vote).length === 0) vote.heldUntilMs = begunMs + usable(options);",
    replace: "if (intact) vote.heldUntilMs = begunMs + usable(options);",
  },
  {
    name: "disk-claimer-looks-at-nobody",
    file,
    world,
    find: "if (!intact || strangers(vote).length > 0) withdraw(vote, nowMs);",
    replace: "if (!intact) withdraw(vote, nowMs);",
  },
  {
    name: "disk-own-block-unchecked",
    file,
    world,
    find: "if (!intact || strangers(vote).length > 0) withdraw(vote, nowMs);",
    replace: "if (strangers(vote).length > 0) withdraw(vote, nowMs);",
  },
  {
    name: "disk-claim-ripens-for-ever",
    file,
    world,
    find: "if (nowMs >= claim.begunMs + 2 * usable(options)) {",
    replace: "if (nowMs >= claim.begunMs + 2e9) {",
  },
  {
    name: "disk-clocks-taken-for-equal",
    file,
    world,
    find: "return usableTtlMs(options.ttlMs, options.driftRatio);",
    replace: "return options.ttlMs;",
  },
  {
    name: "disk-the-dead-are-waited-for",
    file,
    world,
    find: "!isUp(sight) || nowMs - sinceMs >= vote.options.ttlMs",
    replace: "!isUp(sight)",
  },
  {
    name: "disk-the-slow-are-taken-for-dead",
    file,
    world,
    find: "!isUp(sight) || nowMs - sinceMs >= vote.options.ttlMs",
    replace: "!isUp(sight) || nowMs >= sinceMs",
  },
  // A second line of defence: whoever is at work writes its damaged block anew before another one could use the gap.
  {
    name: "disk-damage-taken-for-nobody",
    file,
    test: "shared/decide/quorum/disk-vote.test.ts",
    find: "return sight.damaged || (sight.block",
    replace: "return (sight.block",
  },
];
