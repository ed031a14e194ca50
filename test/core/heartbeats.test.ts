import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { membershipOptions } from "../../shared/decide/membership/membership.ts";
import { DEFAULT_STANDING, majorityOfNodes } from "../../shared/decide/quorum/standing.ts";
import { createClusterKey, datagramKey } from "../../shared/drive/raft/certificate.ts";
import { DatagramSealer } from "../../shared/drive/raft/datagram.ts";
import type { HeartbeatWatchdog, PresenceReport } from "../../shared/drive/raft/heartbeat-messages.ts";
import { Heartbeats } from "../../shared/drive/raft/heartbeats.ts";
import type { HeartbeatRules } from "../../tools/ha-crm/commands/heartbeat-worker.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { until } from "../../shared/lab/host.ts";

const NAMES = ["a", "b", "c"];
const RINGS = ["127.0.0.1", "127.0.0.2"];

async function ports(): Promise<number[]> {
  return [await freePort(), await freePort(), await freePort()];
}

interface Started {
  readonly heartbeats: Heartbeats<HeartbeatRules>;
  readonly views: PresenceReport[];
  readonly codes: string[];
}

function start(
  at: number,
  key: Uint8Array,
  perRing: readonly (readonly number[])[],
  boot = 1,
  watchdog: HeartbeatWatchdog | null = null,
): Started {
  const views: PresenceReport[] = [];
  const codes: string[] = [];
  const links = RINGS.map((host, ring) => {
    const peers = Object.fromEntries(NAMES.map((name, peer) => [name, { host, port: perRing[ring]?.[peer] ?? 0 }]));
    return { name: `ring${ring}`, listen: { host, port: perRing[ring]?.[at] ?? 0 }, peers };
  });
  const node = NAMES[at] ?? "";
  const rules: HeartbeatRules = {
    membership: membershipOptions(node, NAMES, ["ring0", "ring1"], boot),
    standing: { ...DEFAULT_STANDING, self: node, quorum: majorityOfNodes(NAMES) },
  };
  const heartbeats = new Heartbeats({
    settings: { node, boot, key, links, rules, watchdog },
    worker: "tools/ha-crm/commands/heartbeat-worker.ts",
    onView: (view) => views.push(view),
    onReason: (fact) => codes.push(fact.code),
    onFailure: (error) => {
      throw error;
    },
  });
  return { heartbeats, views, codes };
}

/** Waits until a node says of its paths what is expected: on a busy machine one may be missed for a moment. */
async function pathsBecome(node: Started | undefined, expected: readonly string[]): Promise<void> {
  let paths: readonly string[] = [];
  await until("the paths are as expected", async () => {
    const report = await node?.heartbeats.report();
    paths = report?.links.map(({ peer, link, heard, hearsUs }) => `${peer} ${link} ${heard} ${hearsUs}`) ?? [];
    return paths.join() === expected.join();
  }).catch(() => undefined);
  expect(paths).toEqual([...expected]);
}

const seen = (node: Started | undefined): string => node?.views.at(-1)?.members.join("") ?? "";

test("three nodes over two rings see each other, miss who goes, and take back who returns", async () => {
  const key = datagramKey(createClusterKey());
  const perRing = [await ports(), await ports()];
  const nodes = [0, 1, 2].map((at) => start(at, key, perRing));
  await until("all together", () => nodes.every((node) => seen(node) === "abc"));
  await until("all have quorum", () => nodes.every((node) => node.views.at(-1)?.standing.quorate === true));
  await nodes[2]?.heartbeats.close();
  await until("c is missed", () => seen(nodes[0]) === "ab" && seen(nodes[1]) === "ab");
  await until("it is told", () => nodes[0]?.codes.includes("CORE_PEER_SUSPECTED") === true);
  nodes[2] = start(2, key, perRing, 2);
  await until("c is back", () => nodes.every((node) => seen(node) === "abc"));
  const report = await nodes[0]?.heartbeats.report();
  expect(report?.counters["ring1"]?.received).toBeGreaterThan(0);
  expect(report?.counters["ring1"]?.refused).toBe(0);
  await pathsBecome(nodes[0], ["b ring0 true true", "b ring1 true true", "c ring0 true true", "c ring1 true true"]);
  for (const node of nodes) await node.heartbeats.close();
});

test("a node with another cluster's key is not heard", async () => {
  const perRing = [await ports(), await ports()];
  const insider = start(0, datagramKey(createClusterKey()), perRing);
  const stranger = start(1, datagramKey(createClusterKey()), perRing);
  await until("its datagrams are refused", async () => {
    return ((await insider.heartbeats.report()).counters["ring0"]?.refused ?? 0) > 3;
  });
  expect(insider.views.every((view) => view.members.join("") === "a")).toBe(true);
  await insider.heartbeats.close();
  await stranger.heartbeats.close();
});

test("forged, replayed and misshapen datagrams are counted, and change nobody's view", async () => {
  const key = datagramKey(createClusterKey());
  const perRing = [await ports(), await ports()];
  const nodes = [0, 1].map((at) => start(at, key, perRing));
  await until("together", () => nodes.every((node) => seen(node) === "ab"));
  const port = perRing[0]?.[0] ?? 0;
  const socket = await Bun.udpSocket({ hostname: "127.0.0.1" });
  // In the name of c, which isn't there; by a sealer with the key, as only a thief of the key could have it.
  const insider = new DatagramSealer(key, "c", 7);
  const nonsense = insider.seal(deflateRawSync('{"n":["a","b","c"],"v":"all of them"}'));
  const strange = new DatagramSealer(datagramKey(createClusterKey()), "b", 9).seal(Buffer.from("{}"));
  const unknown = new DatagramSealer(key, "z", 1).seal(Buffer.from("{}"));
  const random = crypto.getRandomValues(new Uint8Array(1400));
  const flood = [
    nonsense,
    nonsense,
    strange,
    unknown,
    random,
    new Uint8Array(1),
    new Uint8Array(9000),
    Buffer.from([1, 255]),
  ];
  const refused = async (): Promise<number> => (await nodes[0]?.heartbeats.report())?.counters["ring0"]?.refused ?? 0;
  await until("hundreds are counted", async () => {
    for (let round = 0; round < 50; round += 1) for (const datagram of flood) socket.send(datagram, port, "127.0.0.1");
    return (await refused()) >= 300;
  });
  socket.close();
  await pathsBecome(nodes[0], ["b ring0 true true", "b ring1 true true", "c ring0 false false", "c ring1 false false"]);
  expect(nodes[0]?.views.some((view) => view.members.includes("c"))).toBe(false);
  await until("a and b see each other", () => nodes.every((node) => seen(node) === "ab"));
  for (const node of nodes) await node.heartbeats.close();
});

test("the watchdog is fed as long as nothing runs, starved without quorum, and disarmed at an orderly end", async () => {
  const directory = mkdtempSync(join(tmpdir(), "heartbeats-"));
  const path = join(directory, "watchdog");
  writeFileSync(path, "");
  const watchdog = { path, timeoutSeconds: 5, allowStandIn: true, mainSilenceMs: 2000 };
  const alone = start(0, datagramKey(createClusterKey()), [await ports(), await ports()], 1, watchdog);
  const food = (): number => readFileSync(path).length;
  await until("it is fed", () => food() > 5);
  alone.heartbeats.setIdle(false);
  await until("it is starved", async () => (await alone.heartbeats.report()).watchdog?.feeding === false);
  const left = food();
  await until("time passes", async () => (await alone.heartbeats.report()).worstLateMs >= 0);
  expect(food()).toBe(left);
  alone.heartbeats.setIdle(true);
  await until("it is fed again", () => food() > left);
  await alone.heartbeats.close();
  expect(readFileSync(path, "latin1").at(-1)).toBe("V");
  rmSync(directory, { recursive: true, force: true });
});
