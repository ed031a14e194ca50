/** The announced addresses on this host, with the kernel's lifetime: they go by themselves when we die. */
import { EEXIST } from "../../../../shared/drive/ffi/errno.ts";
import type { AddressSpec } from "../../../../shared/drive/net/address-codec.ts";
import { type RouteClient, renewalOf } from "../../../../shared/drive/net/route-client.ts";
import { formatAddress } from "../../../../shared/text/address.ts";
import { addressBits } from "../../../../shared/text/prefix.ts";
import type { BgpAnnouncementSettings } from "../../model/bgp/bgp.ts";
import { ADDRESS_LIFETIME_S } from "../../model/router.ts";
import type { Refusal } from "../router-port.ts";

export class AnycastAddresses {
  /** The interface, when there is none such. */
  readonly missing: string | undefined;
  #specs: readonly AddressSpec[] = [];
  #renewals: readonly Uint8Array[] = [];

  constructor(
    private readonly routes: RouteClient,
    settings: BgpAnnouncementSettings,
  ) {
    const { device, prefixes } = settings;
    const link = device === "none" ? undefined : routes.link(device);
    if (link?.ok === false) this.missing = device;
    if (link?.ok !== true) return;
    const whole = prefixes.filter(({ address, length }) => length === addressBits(address));
    this.#specs = whole.map(({ address, length }) => ({
      interfaceIndex: link.value.index,
      address,
      prefixLength: length,
      validSeconds: ADDRESS_LIFETIME_S,
      preferredSeconds: address.family === 6 ? 0 : ADDRESS_LIFETIME_S,
      noDuplicateDetection: true,
    }));
    this.#renewals = this.#specs.map(renewalOf);
  }

  /** @returns what the kernel refused */
  take(): Refusal[] {
    if (this.missing !== undefined)
      return [{ what: `addresses on ${this.missing}`, detail: "there is no such interface" }];
    const answers = this.routes.changeAddresses(this.#specs.map((spec) => ({ kind: "replace", spec })));
    return answers.flatMap((answer, index) => {
      const spec = this.#specs[index];
      if (answer.ok || spec === undefined || answer.failure.errno === EEXIST) return [];
      return [{ what: formatAddress(spec.address), detail: answer.failure.name }];
    });
  }

  get renewals(): readonly Uint8Array[] {
    return this.#renewals;
  }

  /** Removes them, but those that others have too. */
  drop(others: readonly AnycastAddresses[] = []): void {
    const kept = new Set(others.flatMap((other) => other.#specs.map(placeOf)));
    const gone = this.#specs.filter((spec) => !kept.has(placeOf(spec)));
    this.routes.changeAddresses(gone.map((spec) => ({ kind: "delete", spec })));
  }
}

function placeOf({ address, interfaceIndex }: AddressSpec): string {
  return `${interfaceIndex} ${formatAddress(address)}`;
}
