/** Runs the questions for addresses (ARP, neighbour solicitations) inside the deadline loop. */
import { POLL } from "../../../../shared/drive/ffi/poll.ts";
import type { PollLoop } from "../../../../shared/drive/ffi/poll-loop.ts";
import { AddressProbe } from "../../../../shared/drive/net/address-probe.ts";
import { formatAddress } from "../../../../shared/text/address.ts";
import type { ProbeAnswer } from "../../decide/router-state.ts";
import type { RouterPort } from "../../drive/router-port.ts";
import { PROBES } from "../../model/limits.ts";

/** Addresses of one router that are asked for; with more, the first ones speak for all. */
const ADDRESSES_PER_ROUTER = 8;

interface Running {
  readonly probes: readonly { readonly probe: AddressProbe; readonly address: string }[];
  readonly onAnswer: (answer: ProbeAnswer) => void;
}

function macText(mac: Uint8Array): string {
  return mac.length === 0 ? "an unknown card" : Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

export class ProbeWatch {
  readonly #running = new Map<string, Running>();

  constructor(private readonly loop: PollLoop) {}

  /** Asks for the addresses of a router; an earlier question of it is forgotten. */
  start(
    name: string,
    port: RouterPort,
    intervalMs: number,
    nowNs: number,
    onAnswer: (answer: ProbeAnswer) => void,
  ): void {
    this.cancel(name);
    const probes: { probe: AddressProbe; address: string }[] = [];
    for (const { address, link } of port.probes().slice(0, ADDRESSES_PER_ROUTER)) {
      // Loopback and tunnels have nobody to ask.
      if (link.mac.length !== 6) continue;
      const options = {
        interfaceIndex: link.index,
        mac: link.mac,
        address: address.bytes,
        probes: PROBES,
        intervalNs: intervalMs * 1e6,
        claimsOnly: true,
      };
      const probe = AddressProbe.start(options, nowNs);
      this.loop.add(probe.fd, POLL.IN, () => {
        probe.onReadable();
        this.#conclude(name);
      });
      probes.push({ probe, address: formatAddress(address) });
    }
    this.#running.set(name, { probes, onAnswer });
    this.onDeadline(nowNs);
  }

  nextDeadlineNs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { probes } of this.#running.values()) {
      for (const { probe } of probes) next = Math.min(next, probe.nextDeadlineNs);
    }
    return next;
  }

  onDeadline(nowNs: number): void {
    for (const [name, { probes }] of this.#running) {
      for (const { probe } of probes) probe.onDeadline(nowNs);
      this.#conclude(name);
    }
  }

  cancel(name: string): void {
    const running = this.#running.get(name);
    if (running === undefined) return;
    this.#running.delete(name);
    for (const { probe } of running.probes) {
      this.loop.remove(probe.fd);
      probe.close();
    }
  }

  /** Taken as soon as one is; free when all are. Questions that couldn't be sent prove nothing. */
  #conclude(name: string): void {
    const running = this.#running.get(name);
    if (running === undefined) return;
    let waiting = false;
    for (const { address, probe } of running.probes) {
      const { result } = probe;
      if (result.kind === "taken") {
        this.cancel(name);
        running.onAnswer({ kind: "taken", address, mac: macText(result.mac) });
        return;
      }
      waiting ||= result.kind === "waiting";
    }
    if (waiting) return;
    this.cancel(name);
    running.onAnswer({ kind: "free" });
  }
}
