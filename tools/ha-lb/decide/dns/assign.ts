/**
 * Which server gets which address or service of an answer. Who has one that is still there keeps it; the others take
 * what nobody has, in the order of the servers. Pure.
 * Source: the manual's chapter 5.2 on `resolve-net`, `resolve-opts` and `server-template`.
 */
import { type IpAddress, isInNetwork, parseNetwork } from "../../model/ip.ts";
import type { Service } from "./answer.ts";

export interface AddressSeat {
  /** The address it has, empty when none. */
  readonly current: string;
  /** Networks whose addresses are taken first. */
  readonly networks: readonly string[];
  /** May it have an address that another server of the backend has? */
  readonly sharesAddresses: boolean;
}

/** @returns for each seat its address; empty when there is none for it */
export function assignAddresses(seats: readonly AddressSeat[], addresses: readonly IpAddress[]): readonly string[] {
  const texts = new Set(addresses.map(String));
  const taken = new Set<string>();
  const assigned = seats.map(({ current, sharesAddresses }) => {
    if (!texts.has(current) || (taken.has(current) && !sharesAddresses)) return "";
    taken.add(current);
    return current;
  });
  for (const [index, seat] of seats.entries()) {
    if (assigned[index] !== "") continue;
    const free = addresses.filter((address) => !taken.has(address.toString()));
    const found = best(free, seat.networks) ?? (seat.sharesAddresses ? best(addresses, seat.networks) : undefined);
    if (found === undefined) continue;
    taken.add(found);
    assigned[index] = found;
  }
  return assigned;
}

/** The first in one of the networks, or else the first. */
function best(addresses: readonly IpAddress[], networks: readonly string[]): string | undefined {
  const wanted = networks.map(parseNetwork).filter((network) => network !== undefined);
  const inside = addresses.find((address) => wanted.some((network) => isInNetwork(address, network)));
  return (inside ?? addresses[0])?.toString();
}

/** What a server of an SRV name stands for. */
export interface ServiceSeat {
  readonly target: string;
  readonly port: number;
}

/** @returns for each seat its service; undefined when there is none for it */
export function assignServices(
  seats: readonly (ServiceSeat | undefined)[],
  services: readonly Service[],
): readonly (Service | undefined)[] {
  const free = new Set(services);
  const assigned = seats.map((seat) => {
    const kept = services.find(
      (service) => free.has(service) && service.target === seat?.target && service.port === seat.port,
    );
    if (kept !== undefined) free.delete(kept);
    return kept;
  });
  const rest = [...free];
  return assigned.map((service) => service ?? rest.shift());
}

/** A server's weight, 0 to 256, from a record's 0 to 65535. A record of weight 0 gets no traffic, as in the peer. */
export function weightOfService(weight: number): number {
  return Math.ceil(weight / 256);
}
