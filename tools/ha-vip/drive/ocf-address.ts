/** An address for as long as a resource manager wants it: put on an interface, taken off, looked for. */
import { setTimeout as pause } from "node:timers/promises";
import { encodeAnnouncement } from "../../../shared/drive/net/announce.ts";
import { type AddressEntry, type AddressSpec } from "../../../shared/drive/net/address-codec.ts";
import type { Link } from "../../../shared/drive/net/link-codec.ts";
import { isUsable } from "../../../shared/drive/net/link-codec.ts";
import { PacketSocket } from "../../../shared/drive/net/packet-socket.ts";
import { RouteClient } from "../../../shared/drive/net/route-client.ts";
import { type IpAddress, sameAddress } from "../../../shared/text/address.ts";
import type { OcfAddress } from "../model/ocf-address.ts";

/** "missing": the address can't be placed on this host; "refused": the kernel said no. */
export type Outcome =
  { readonly ok: true } | { readonly ok: false; readonly kind: "missing" | "refused"; readonly detail: string };

const failed = (kind: "missing" | "refused", detail: string): Outcome => ({ ok: false, kind, detail });

function inNetwork(address: IpAddress, entry: AddressEntry): boolean {
  if (entry.address.family !== address.family) return false;
  for (let bit = 0; bit < entry.prefixLength; bit += 1) {
    const mask = 0x80 >> (bit % 8);
    const at = Math.floor(bit / 8);
    if (((address.bytes[at] ?? 0) & mask) !== ((entry.address.bytes[at] ?? 0) & mask)) return false;
  }
  return true;
}

export class OcfAddressHolder {
  readonly #routes = RouteClient.open();

  constructor(private readonly wanted: OcfAddress) {}

  close(): void {
    this.#routes.close();
  }

  /** Where it is now, or nothing. */
  find(): AddressEntry | undefined {
    const listed = this.#routes.addresses();
    if (!listed.ok) throw new Error(`the kernel lists no addresses: ${listed.failure.name}`);
    return listed.value.find((entry) => sameAddress(entry.address, this.wanted.address));
  }

  /** The interface and the prefix: as told, or those of the host's own address in the same network. */
  #place(): { readonly link: Link; readonly prefixLength: number } | string {
    const { address, device, prefixLength } = this.wanted;
    const listed = this.#routes.addresses();
    const own = listed.ok ? listed.value.filter((entry) => !sameAddress(entry.address, address)) : [];
    const near = own
      .filter((entry) => inNetwork(address, entry))
      .toSorted((left, right) => right.prefixLength - left.prefixLength);
    const name = device ?? near[0]?.interfaceIndex;
    if (name === undefined) return "no interface has an address in its network; set nic";
    const link = this.#routes.link(name);
    if (!link.ok) return `there is no interface ${name}`;
    const length = prefixLength ?? near.find((entry) => entry.interfaceIndex === link.value.index)?.prefixLength;
    if (length === undefined) return `${link.value.name} has no address in its network; set cidr_netmask`;
    return isUsable(link.value) ? { link: link.value, prefixLength: length } : `${link.value.name} is down`;
  }

  #spec(link: Link, prefixLength: number): AddressSpec {
    const { address, broadcast, deprecated, label, noDuplicateDetection, noPrefixRoute } = this.wanted;
    return {
      interfaceIndex: link.index,
      address,
      prefixLength,
      noDuplicateDetection,
      noPrefixRoute,
      ...(broadcast === undefined ? {} : { broadcast }),
      ...(label === undefined ? {} : { label: `${link.name}:${label}` }),
      ...(deprecated ? { preferredSeconds: 0 } : {}),
    };
  }

  /** Adds and announces it. What is there already stays and is announced again. */
  async start(): Promise<Outcome> {
    const place = this.#place();
    if (typeof place === "string") return failed("missing", place);
    const added = this.#routes.replaceAddress(this.#spec(place.link, place.prefixLength));
    if (!added.ok) return failed("refused", added.failure.name);
    const packets = PacketSocket.openSender();
    const frames = encodeAnnouncement(place.link.mac, this.wanted.address.bytes);
    for (let round = 0; round < this.wanted.announceCount; round += 1) {
      if (round > 0) await pause(this.wanted.announceIntervalMs);
      for (const frame of frames) packets.send(place.link.index, frame);
    }
    packets.close();
    return { ok: true };
  }

  /** Removes it; one that isn't there is no failure. */
  stop(): Outcome {
    const entry = this.find();
    if (entry === undefined) return { ok: true };
    const { address, interfaceIndex, prefixLength } = entry;
    const removed = this.#routes.deleteAddress({ interfaceIndex, address, prefixLength });
    return removed.ok ? { ok: true } : failed("refused", removed.failure.name);
  }
}
