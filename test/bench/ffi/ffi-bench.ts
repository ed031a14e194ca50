/**
 * What the FFI module and the network layer cost. Prints one line per measurement; asserts nothing.
 *
 *   bun test/bench/ffi/ffi-bench.ts            nanoseconds per call of hot wrappers
 *   unshare --net bun test/bench/ffi/ffi-bench.ts network     address changes (in a namespace of its own)
 */
import { monotonicNs } from "../../../shared/drive/ffi/clock.ts";
import { EventFd } from "../../../shared/drive/ffi/eventfd.ts";
import { close } from "../../../shared/drive/ffi/fd.ts";
import { Memory } from "../../../shared/drive/ffi/memory.ts";
import { POLL, PollSet } from "../../../shared/drive/ffi/poll.ts";
import type { AddressSpec } from "../../../shared/drive/net/address-codec.ts";
import { encodeAddressAdd } from "../../../shared/drive/net/address-codec.ts";
import { RouteClient } from "../../../shared/drive/net/route-client.ts";

const CALLS = 1_000_000;
const ROUNDS = 5;

/** The best round: what the code costs, without what else the machine does. */
function best(round: () => void): number {
  let bestNs = Infinity;
  for (let index = 0; index < ROUNDS; index += 1) {
    const startNs = monotonicNs();
    round();
    bestNs = Math.min(bestNs, monotonicNs() - startNs);
  }
  return bestNs;
}

function perCall(name: string, call: () => unknown): void {
  const ns = best(() => {
    for (let index = 0; index < CALLS; index += 1) call();
  });
  console.log(`${name.padEnd(36)} ${(ns / CALLS).toFixed(0).padStart(7)} ns`);
}

function calls(): void {
  const event = EventFd.create();
  const set = new PollSet(4);
  for (let slot = 0; slot < 4; slot += 1) set.add(event.fd, POLL.IN);
  const memory = new Memory(4096);
  const address = { family: 4, bytes: new Uint8Array([10, 0, 0, 1]) } as const;
  perCall("clock_gettime (vDSO)", monotonicNs);
  perCall("close of a wrong descriptor (errno)", () => close(-1));
  perCall("ppoll of 4 descriptors", () => set.wait(0));
  perCall("eventfd signal and drain", () => {
    event.signal();
    event.drain();
  });
  perCall("memory range check", () => memory.range(8, 64));
  perCall("netlink request for an address", () =>
    encodeAddressAdd(1, { interfaceIndex: 1, address, prefixLength: 24 }, false),
  );
}

function network(): void {
  const count = 500;
  const client = RouteClient.open();
  client.createLink({ kind: "veth", name: "bench0", peerName: "bench1", up: true });
  const link = client.link("bench0");
  if (!link.ok) throw new Error(link.failure.text);
  const specs = Array.from({ length: count }, (_, at): AddressSpec => {
    const bytes = new Uint8Array([10, 66, at >> 8, at & 255]);
    return { interfaceIndex: link.value.index, address: { family: 4, bytes }, prefixLength: 32 };
  });
  let failures = 0;
  const each = (kind: "add" | "delete") => () => {
    for (const spec of specs) {
      const answer = kind === "add" ? client.addAddress(spec) : client.deleteAddress(spec);
      if (!answer.ok) failures += 1;
    }
  };
  const batch = (kind: "add" | "delete") => () => {
    const answers = client.changeAddresses(specs.map((spec) => ({ kind, spec })));
    failures += answers.filter((answer) => !answer.ok).length;
  };
  const results = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, change] of [
      ["one by one: 500 added", each("add")],
      ["one by one: 500 removed", each("delete")],
      ["in batches: 500 added", batch("add")],
      ["in batches: 500 removed", batch("delete")],
    ] as const) {
      const startNs = monotonicNs();
      change();
      results.set(name, Math.min(results.get(name) ?? Infinity, monotonicNs() - startNs));
    }
  }
  for (const [name, ns] of results) console.log(`${name.padEnd(36)} ${(ns / 1e6).toFixed(1).padStart(7)} ms`);
  console.log(`${"failures".padEnd(36)} ${String(failures).padStart(7)}`);
  client.close();
}

if (process.argv[2] === "network") network();
else calls();
