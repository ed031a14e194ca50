/** The order of weighted servers, turn by turn, beside HAProxy's: many weights, and weights that change on the way. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import type { Balancer, Candidate } from "../../tools/ha-lb/decide/balance/candidate.ts";
import { RoundRobin, StaticRoundRobin } from "../../tools/ha-lb/decide/balance/round-robin.ts";
import { ask } from "./ask.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { HAS_HAPROXY } from "./pair.ts";

const folder = mkdtempSync(join(tmpdir(), "lb-order-"));
const stats = join(folder, "stats.sock");
let haproxy: Bun.Subprocess | undefined;
let origin: ReturnType<typeof Bun.serve> | undefined;
let client: Socket;

/** The same vectors each time: a small generator of its own. */
function vectors(count: number): readonly (readonly number[])[] {
  let state = 12_345;
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
  const chosen = Array.from({ length: count }, () =>
    Array.from({ length: 2 + random(6) }, () => 1 + (random(3) === 0 ? random(256) : random(10))),
  );
  return [[1, 1], [2, 1], [3, 1], [5, 1, 1], [1, 1, 1, 1], [10, 20, 30], [256, 1], [100, 50, 25], ...chosen];
}
const WEIGHTS = vectors(40);
const TURNS = 60;

const backends = (algorithm: string, prefix: string): string =>
  WEIGHTS.map(
    (weights, index) =>
      `backend ${prefix}${index}\n balance ${algorithm}\n${weights.map((weight, place) => ` server s${place} 127.0.0.1:ORIGIN weight ${weight}\n`).join("")}`,
  ).join("");

beforeAll(async () => {
  if (!HAS_HAPROXY) return;
  const port = await freePort();
  origin = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 255, fetch: () => new Response("") });
  const text = `global
 stats socket ${stats} level admin
defaults
 mode http
 timeout client 200s
 timeout server 200s
 timeout connect 200s
frontend f
 bind 127.0.0.1:${port}
 http-response set-header X-Server %s
 use_backend %[path,field(2,/)]
${backends("roundrobin", "rr")}${backends("static-rr", "st")}`;
  writeFileSync(join(folder, "h.cfg"), text.replaceAll("ORIGIN", String(origin.port)));
  haproxy = Bun.spawn(["haproxy", "-db", "-f", join(folder, "h.cfg")], { stdout: "ignore", stderr: "ignore" });
  await until("haproxy serves", async () => (await ask(stats, "show version")) !== "");
  client = connect(port, "127.0.0.1");
});
afterAll(async () => {
  client?.destroy();
  haproxy?.kill();
  await haproxy?.exited;
  await origin?.stop(true);
  rmSync(folder, { recursive: true });
});

/** The servers of so many requests, all sent at once on one connection: they are answered in order. */
async function turnsOf(backend: string, count: number): Promise<readonly string[]> {
  const { promise, resolve } = Promise.withResolvers<readonly string[]>();
  let text = "";
  const take = (data: Buffer): void => {
    text += data.toString("latin1");
    const names = [...text.matchAll(/x-server: (\S+)/gi)].map((found) => found[1] ?? "");
    if (names.length === count && text.endsWith("\r\n\r\n")) resolve(names);
  };
  client.on("data", take);
  client.write(`GET /${backend} HTTP/1.1\r\nHost: x\r\n\r\n`.repeat(count));
  const names = await promise;
  client.off("data", take);
  return names;
}

interface TestServer extends Candidate {
  weight: number;
}

function serversOf(weights: readonly number[]): TestServer[] {
  return weights.map((weight, place) => ({
    name: `s${place}`,
    id: place + 1,
    backup: false,
    usable: true,
    weight,
    active: 0,
    queued: 0,
    limit: Number.POSITIVE_INFINITY,
  }));
}

const ours = (balancer: Balancer<TestServer>, count: number): readonly string[] =>
  Array.from({ length: count }, () => balancer.next(0, undefined)?.name ?? "");

function counts(names: readonly string[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const name of names) found.set(name, (found.get(name) ?? 0) + 1);
  return found;
}

describe.skipIf(!HAS_HAPROXY)("who is next (needs haproxy)", () => {
  for (const [index, weights] of WEIGHTS.entries()) {
    test(`roundrobin ${weights.join(" ")}, and after weights changed`, async () => {
      const balancer = new RoundRobin<TestServer>();
      const servers = serversOf(weights);
      const rebuild = (): void => balancer.rebuild(servers.filter((server) => server.usable && server.weight > 0));
      rebuild();
      expect(ours(balancer, TURNS)).toEqual(await turnsOf(`rr${index}`, TURNS));
      const [first, second] = servers;
      if (first === undefined || second === undefined) throw new Error("two servers at least");
      for (const [server, weight] of [
        [first, Math.max(1, Math.floor(first.weight / 2))],
        [second, Math.min(256, second.weight * 3)],
      ] as const) {
        server.weight = weight;
        rebuild();
        await ask(stats, `set weight rr${index}/${server.name} ${weight}`);
        // Around the end of a window the order may differ for some turns; nobody gets more than its share for it.
        const [own, theirs] = [counts(ours(balancer, TURNS)), counts(await turnsOf(`rr${index}`, TURNS))];
        const apart = servers.map(({ name }) => Math.abs((own.get(name) ?? 0) - (theirs.get(name) ?? 0)));
        expect([server.name, weight, Math.max(...apart) <= 3]).toEqual([server.name, weight, true]);
      }
    });
    test(`static-rr ${weights.join(" ")}`, async () => {
      const balancer = new StaticRoundRobin<TestServer>();
      balancer.rebuild(serversOf(weights));
      expect(ours(balancer, TURNS)).toEqual(await turnsOf(`st${index}`, TURNS));
    });
  }
});
