/**
 * Who serves which address of a pool. Pure, and made from the lists alone, so that all hosts compute the same without
 * talking: each address gets an order of all hosts, and the first healthy host of that order serves it.
 *
 * - A host that fails moves its own addresses and no other; one that comes back takes exactly those again. No plan
 *   with fewer moves exists.
 * - The orders are filled position by position so that the shares are level: with all hosts and without any one of
 *   them they differ by one at most, without two by two at most.
 * - Among equally good choices a hash of host and address decides, so that a host that joins the list changes little.
 */
import { MAX_POOL_MEMBERS, POOL_PRIORITY } from "../../model/pool/pool.ts";

/** For each address, in the order given, all members: the first healthy one serves. */
export type PoolPlan = readonly (readonly string[])[];

/**
 * A number for a pair that all hosts agree on: FNV-1a, stirred once more so that alike words get unlike numbers.
 * @returns 0 to 2^32 - 1
 */
export function pairWeight(address: string, member: string): number {
  let hash = 0x811c9dc5;
  const text = `${member}\n${address}`;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** How many addresses each member serves when the hosts of `failed` (a bit for each) don't. */
function sharesWithout(orders: readonly (readonly number[])[], failed: number, members: number): number[] {
  const shares = Array.from({ length: members }, () => 0);
  for (const order of orders) {
    const server = order.find((member) => (failed & (1 << member)) === 0);
    if (server !== undefined) shares[server] = (shares[server] ?? 0) + 1;
  }
  return shares;
}

/** @param members each once; their order doesn't matter. @param addresses each once */
export function planPool(members: readonly string[], addresses: readonly string[]): PoolPlan {
  if (members.length > MAX_POOL_MEMBERS) throw new Error(`a pool of ${members.length} members`);
  const hosts = members.toSorted();
  const weights = addresses.map((address) => hosts.map((host) => pairWeight(address, host)));
  const orders: number[][] = addresses.map(() => []);
  for (let position = 0; position < hosts.length; position += 1) {
    // Addresses whose hosts so far are the same set meet the same failure: the one that takes away exactly these.
    const atPosition = hosts.map(() => 0);
    for (const [failed, group] of groupsBySet(orders)) {
      const shares = sharesWithout(orders, failed, hosts.length);
      for (const { address, member } of level(group, failed, shares, atPosition, weights))
        orders[address]?.push(member);
    }
  }
  return orders.map((order) => order.map((member) => hosts[member] ?? ""));
}

function groupsBySet(orders: readonly (readonly number[])[]): ReadonlyMap<number, readonly number[]> {
  const groups = new Map<number, number[]>();
  for (const [address, order] of orders.entries()) {
    const set = order.reduce((bits, member) => bits | (1 << member), 0);
    const group = groups.get(set) ?? [];
    group.push(address);
    groups.set(set, group);
  }
  return groups;
}

interface Choice {
  readonly address: number;
  readonly member: number;
}

/**
 * Gives every address of the group a next host: always one of those with the smallest share; of these one that is
 * least often at this position yet, which keeps shares level when more hosts fail; and then the heaviest pair.
 * @param atPosition how often each host is at this position; counted on here
 */
function level(
  group: readonly number[],
  failed: number,
  before: readonly number[],
  atPosition: number[],
  weights: readonly (readonly number[])[],
): Choice[] {
  const shares = [...before];
  const left = new Set(group);
  const chosen: Choice[] = [];
  while (left.size > 0) {
    const open = shares.flatMap((share, member) => ((failed & (1 << member)) === 0 ? [{ member, share }] : []));
    const least = Math.min(...open.map((one) => one.share));
    const lowest = open.filter((one) => one.share === least).map((one) => one.member);
    const rarest = Math.min(...lowest.map((member) => atPosition[member] ?? 0));
    const rare = lowest.filter((member) => atPosition[member] === rarest);
    const best = heaviest(left, rare, weights);
    left.delete(best.address);
    atPosition[best.member] = rarest + 1;
    shares[best.member] = (shares[best.member] ?? 0) + 1;
    chosen.push(best);
  }
  return chosen;
}

function heaviest(
  addresses: ReadonlySet<number>,
  members: readonly number[],
  weights: readonly (readonly number[])[],
): Choice {
  let best: Choice & { readonly weight: number } = { address: -1, member: -1, weight: -1 };
  for (const address of addresses) {
    for (const member of members) {
      const weight = weights[address]?.[member] ?? 0;
      if (weight > best.weight) best = { address, member, weight };
    }
  }
  return best;
}

/** VRRP's priority for a place in an address's order: the first is the highest. */
export function poolPriority(place: number, members: number): number {
  const { highest, lowest } = POOL_PRIORITY;
  return highest - Math.floor((place * (highest - lowest)) / Math.max(1, members));
}

/** Which address is where when only these members are healthy. */
export function ownersOf(plan: PoolPlan, healthy: ReadonlySet<string>): (string | undefined)[] {
  return plan.map((order) => order.find((member) => healthy.has(member)));
}
