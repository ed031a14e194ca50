import { expect, test } from "bun:test";
import { membershipMachine } from "../../shared/decide/membership/machine.ts";
import { membershipOptions } from "../../shared/decide/membership/membership.ts";
import { createClusterKey, datagramKey } from "../../shared/drive/raft/certificate.ts";
import { Heartbeats, type HeartbeatLink } from "../../shared/drive/raft/heartbeats.ts";
import { boottimeNs } from "../../shared/drive/ffi/clock.ts";
import { freePort, until } from "./group-fixture.ts";

const NAMES = ["a", "b", "c"];
const RINGS = ["127.0.0.1", "127.0.0.2"];

async function ports(): Promise<number[]> {
  return [await freePort(), await freePort(), await freePort()];
}

async function start(at: number, key: Uint8Array, perRing: readonly (readonly number[])[], boot = 1) {
  const views: string[] = [];
  const codes: string[] = [];
  const links = RINGS.map((host, ring): HeartbeatLink => {
    const peers = new Map(NAMES.map((name, peer) => [name, { host, port: perRing[ring]?.[peer] ?? 0 }]));
    return { name: `ring${ring}`, listen: { host, port: perRing[ring]?.[at] ?? 0 }, peers };
  });
  const node = NAMES[at] ?? "";
  const options = membershipOptions(node, NAMES, ["ring0", "ring1"]);
  const heartbeats = await Heartbeats.open({
    node,
    boot,
    key,
    links,
    machine: membershipMachine(options, boottimeNs() / 1e6),
    onView: (members) => views.push(members.join("")),
    onReason: (fact) => codes.push(fact.code),
  });
  return { heartbeats, views, codes };
}

test("three nodes over two rings see each other, miss who goes, and take back who returns", async () => {
  const key = datagramKey(createClusterKey());
  const perRing = [await ports(), await ports()];
  const nodes = [await start(0, key, perRing), await start(1, key, perRing), await start(2, key, perRing)];
  const last = (at: number): string | undefined => nodes[at]?.views.at(-1);
  await until("all together", () => [0, 1, 2].every((at) => last(at) === "abc"));
  nodes[2]?.heartbeats.close();
  await until("c is missed", () => last(0) === "ab" && last(1) === "ab");
  expect(nodes[0]?.codes).toContain("CORE_PEER_SUSPECTED");
  nodes[2] = await start(2, key, perRing, 2);
  await until("c is back", () => [0, 1, 2].every((at) => last(at) === "abc"));
  const counters = nodes[0]?.heartbeats.counters.get("ring1");
  expect(counters?.received).toBeGreaterThan(0);
  expect(counters?.refused).toBe(0);
  for (const node of nodes) node.heartbeats.close();
});

test("a node with another cluster's key is not heard", async () => {
  const perRing = [await ports(), await ports()];
  const insider = await start(0, datagramKey(createClusterKey()), perRing);
  const stranger = await start(1, datagramKey(createClusterKey()), perRing);
  await until("its datagrams are refused", () => (insider.heartbeats.counters.get("ring0")?.refused ?? 0) > 3);
  expect(insider.views.every((view) => view === "a")).toBe(true);
  insider.heartbeats.close();
  stranger.heartbeats.close();
});
