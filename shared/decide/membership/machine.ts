import type { LinkState, MembershipMachine } from "../../effect/membership.ts";
import type { QuorumWitness } from "../quorum/quorum.ts";
import {
  cancelWaitForAll,
  createStanding,
  fencingConfirmed,
  fencingFailed,
  stepStanding,
  type StandingOptions,
} from "../quorum/standing.ts";
import {
  createMembership,
  onHeartbeat,
  tickMembership,
  type Membership,
  type MembershipOptions,
} from "./membership.ts";
import { isSilent, timeoutMsOf } from "./suspicion.ts";

/** The pure membership with its quorum rules behind the small face that the driver knows. */
export function membershipMachine(
  options: MembershipOptions,
  standingOptions: StandingOptions,
  nowMs: number,
): MembershipMachine {
  const membership = createMembership(options, nowMs);
  const standing = createStanding(standingOptions, nowMs);
  const { witness } = standingOptions.quorum;
  let diskUntilMs = Number.NEGATIVE_INFINITY;
  return {
    heartbeatMs: options.suspicion.heartbeatMs,
    heard: (from, link, body, at) => onHeartbeat(membership, { from, link, ...body }, at),
    tick: (at) => {
      const seen = tickMembership(membership, at);
      const view = { ...seen, vouchers: withDisk(seen.vouchers, witness, diskUntilMs, at) };
      const { reasons, ...outcome } = stepStanding(standing, view, at);
      return { ...view, reasons: [...view.reasons, ...reasons], standing: outcome };
    },
    links: (at) => linkStates(membership, at),
    cancelWaitForAll: () => cancelWaitForAll(standing),
    diskVote: (heldUntilMs) => (diskUntilMs = heldUntilMs),
    fenced: (order, done, at) => (done ? fencingConfirmed(standing, order) : fencingFailed(standing, order, at)),
  };
}

/** The vouchers, with the witness disk as long as it votes for this node. */
export function withDisk(
  vouchers: readonly string[],
  witness: QuorumWitness | null,
  diskUntilMs: number,
  nowMs: number,
): readonly string[] {
  return witness?.disk === true && nowMs < diskUntilMs ? [...vouchers, witness.name] : vouchers;
}

/** Every link to every peer: what works, and in which direction. */
export function linkStates(membership: Membership, nowMs: number): readonly LinkState[] {
  const { links, suspicion } = membership.options;
  return [...membership.peers].flatMap(([peer, state]) =>
    links.flatMap((link): LinkState[] => {
      const learned = state.links.get(link);
      if (learned === undefined) return [];
      const { lastHeardMs } = learned;
      return [
        {
          peer,
          link,
          heard: lastHeardMs !== null && !isSilent(learned, nowMs),
          hearsUs: state.hearsUs.has(link),
          silentMs: lastHeardMs === null ? null : nowMs - lastHeardMs,
          timeoutMs: timeoutMsOf(suspicion, learned),
        },
      ];
    }),
  );
}
