/** The macvlan interface of a virtual router with a hardware address of its own (keepalived's use_vmac). */
import { readFileSync, writeFileSync } from "node:fs";
import type { Link } from "../../../shared/drive/net/link-codec.ts";
import type { RouteClient } from "../../../shared/drive/net/route-client.ts";
import type { VirtualMac } from "../model/router.ts";

/**
 * Settings of the kernel without which a macvlan beside its parent answers for addresses that aren't its own, or
 * not at all: each interface answers only for its own addresses.
 */
const SYSCTLS = [
  ["ipv4", "arp_ignore", "1"],
  ["ipv4", "arp_filter", "0"],
  ["ipv4", "rp_filter", "0"],
  ["ipv4", "accept_local", "1"],
  ["ipv6", "accept_dad", "0"],
  ["ipv6", "autoconf", "0"],
] as const;

function setSysctls(device: string): void {
  for (const [family, name, value] of SYSCTLS) {
    try {
      writeFileSync(`/proc/sys/net/${family}/conf/${device}/${name}`, value);
    } catch {
      // A kernel without IPv6, or a read-only /proc: the interface works, if less strictly.
    }
  }
}

/** What the parents had before, to be put back when their last macvlan goes. */
const parentsBefore = new Map<string, string>();
const arpIgnore = (device: string): string => `/proc/sys/net/ipv4/conf/${device}/arp_ignore`;

/** The parent must not answer for the macvlan's address with its own hardware address. */
function quietParent(device: string): void {
  try {
    const before = readFileSync(arpIgnore(device), "utf8").trim();
    if (before !== "0") return;
    writeFileSync(arpIgnore(device), "1");
    parentsBefore.set(device, before);
  } catch {
    // A read-only /proc: neighbours may learn the parent's hardware address, and the address works with it.
  }
}

function restoreParent(routes: RouteClient, parentIndex: number | undefined): void {
  const parent = parentIndex === undefined ? undefined : routes.link(parentIndex);
  if (parent === undefined || !parent.ok) return;
  const before = parentsBefore.get(parent.value.name);
  const others = routes.links();
  if (before === undefined || !others.ok || others.value.some((one) => one.parentIndex === parentIndex)) return;
  parentsBefore.delete(parent.value.name);
  try {
    writeFileSync(arpIgnore(parent.value.name), before);
  } catch {
    // As above.
  }
}

/** Finds or makes the interface and brings it up. @returns it, or what is wrong in words */
export function ensureVirtualMac(routes: RouteClient, parent: Link, vmac: VirtualMac): Link | string {
  const found = routes.link(vmac.name);
  if (found.ok && !sameMac(found.value.mac, vmac.mac)) return `${vmac.name} exists with another hardware address`;
  if (!found.ok) {
    const made = routes.createLink({
      kind: "macvlan",
      name: vmac.name,
      parentIndex: parent.index,
      mode: "private",
      mac: vmac.mac,
    });
    if (!made.ok) return `${vmac.name} can't be made: ${made.failure.name}`;
    setSysctls(vmac.name);
    quietParent(parent.name);
  }
  const link = routes.link(vmac.name);
  if (!link.ok) return `${vmac.name} is gone`;
  const up = routes.changeLink(link.value.index, { up: true });
  if (!up.ok) return `${vmac.name} can't be brought up: ${up.failure.name}`;
  return link.value;
}

export function removeVirtualMac(routes: RouteClient, vmac: VirtualMac): void {
  const link = routes.link(vmac.name);
  if (!link.ok || !sameMac(link.value.mac, vmac.mac)) return;
  routes.deleteLink(link.value.index);
  restoreParent(routes, link.value.parentIndex);
}

function sameMac(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
