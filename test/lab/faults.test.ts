import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Host } from "../../shared/lab/host.ts";
import { until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import { named, requireNamespaces, requirePackages } from "../../shared/lab/requirements.ts";
import { startAnswering, startProbe } from "../../shared/lab/prober/prober.ts";
import type { LabProcess } from "../../shared/lab/process.ts";
import { type LabMode, labSupport } from "../../shared/lab/support.ts";

const lacking = requireNamespaces() ?? requirePackages("nftables");
const MODES: readonly LabMode[] = ["root", "user"];

/** Why a way of making labs can't be tested here. */
function lackingMode(mode: LabMode): string | undefined {
  if (mode === "root" && process.getuid?.() !== 0) return "needs root";
  const support = labSupport(mode);
  return support.mode === "none" ? support.why : lacking;
}

/** Receives until the end and tells the hash. */
const RECEIVE_AND_HASH = `
  const hash = new Bun.CryptoHasher("sha256");
  Bun.listen({ hostname: "0.0.0.0", port: 9000, socket: {
    data(socket, bytes) { hash.update(bytes); },
    end(socket) { console.log("hash " + hash.digest("hex")); process.exit(0); },
  }});
  console.log("listening");`;

const SEND_AND_HASH = `
  const bytes = crypto.getRandomValues(new Uint8Array(65536));
  const whole = Buffer.concat(Array.from({ length: 16 }, () => bytes));
  const socket = require("node:net").connect(9000, process.argv[1], () => socket.end(whole));
  socket.on("close", () => console.log("hash " + new Bun.CryptoHasher("sha256").update(whole).digest("hex")));`;

for (const mode of MODES) {
  const why = lackingMode(mode);
  describe.skipIf(why !== undefined)(named(`faults of the network, mode ${mode}`, why), () => faultTests(mode));
}

function faultTests(mode: LabMode): void {
  let lab: Lab;
  let h1: Host;
  let h2: Host;
  let h3: Host;
  let answering: LabProcess[];

  beforeAll(async () => {
    lab = await createLab({ mode });
    [h1, h2, h3] = [lab.host("h1"), lab.host("h2"), lab.host("h3")];
    answering = await startAnswering(lab.hosts);
    // Both ends know each other's hardware address: later frames cross one way without an exchange before.
    for (const from of lab.hosts) for (const to of lab.hosts) if (from !== to) await reached(from, to);
  });
  afterAll(async () => lab?.close());
  afterEach(async () => lab.heal());

  /** Whether one host gets an answer from another. */
  async function reaches(from: Host, to: Host, address = to.ipv4): Promise<boolean> {
    const probe = await startProbe(lab, { address, from, intervalMs: 20 });
    const report = await probe.stop();
    return report.total.lost < report.total.sent;
  }

  /** Waits for an answer: the kernel brings a card up and asks for neighbours in its own time. */
  async function reached(from: Host, to: Host, address = to.ipv4): Promise<void> {
    await until(`${from.name} reaches ${to.name}`, () => reaches(from, to, address));
  }

  /** From now on one knows the other's hardware address for good: what it sends is lost, or arrives, by itself. */
  async function knows(who: Host, other: Host): Promise<void> {
    const { ipv4, mac } = other.link(0);
    await who.run(["ip", "neigh", "replace", ipv4, "lladdr", mac, "dev", who.device, "nud", "permanent"]);
  }

  /** Counts the datagrams to port 9 that arrive at a host, whether or not it could answer. */
  async function arrived(at: Host): Promise<number> {
    const text = await at.readFile("/proc/net/snmp");
    const rows = text.split("\n").filter((line) => line.startsWith("Udp:"));
    const column = rows[0]?.split(" ").indexOf("NoPorts") ?? -1;
    return Number(rows[1]?.split(" ")[column]);
  }

  /** Sends datagrams to a port that nobody listens on; how many of them came through. */
  async function oneWay(from: Host, to: Host): Promise<number> {
    const before = await arrived(to);
    await from.run(["bash", "-c", `for i in 1 2 3; do echo x >/dev/udp/${to.ipv4}/9; done 2>/dev/null || true`]);
    return (await arrived(to)) - before;
  }

  /** Waits until all of them come through: a busy kernel delivers a frame after the sender's call has returned. */
  async function comesThrough(from: Host, to: Host): Promise<void> {
    await until(`${to.name} hears ${from.name}`, async () => (await oneWay(from, to)) === 3);
  }

  test("all hosts and the client reach each other over both families", async () => {
    await reached(lab.client, h1);
    await reached(lab.client, h3, h3.ipv6);
    await comesThrough(h2, h1);
  });

  test("a pulled cable takes the carrier away, and comes back", async () => {
    await lab.cut(h1);
    expect((await h1.readFile("/sys/class/net/eth0/carrier")).trim()).toBe("0");
    expect(await reaches(h2, h1)).toBe(false);
    await lab.uncut(h1);
    await until("the carrier is back", async () => (await h1.readFile("/sys/class/net/eth0/carrier")).trim() === "1");
    await reached(h2, h1);
  });

  test("isolation is silent: the carrier stays", async () => {
    await lab.isolate(h1);
    expect((await h1.readFile("/sys/class/net/eth0/carrier")).trim()).toBe("1");
    expect(await oneWay(h1, h2)).toBe(0);
    expect(await oneWay(h2, h1)).toBe(0);
    await reached(h2, h3);
    await lab.heal();
    await reached(h1, h2);
  });

  test("a one-way cut is really one way", async () => {
    await lab.dropOut(h1);
    expect(await oneWay(h1, h2)).toBe(0);
    await comesThrough(h2, h1);
    await lab.heal();
    await lab.dropIn(h1);
    await comesThrough(h1, h2);
    expect(await oneWay(h2, h1)).toBe(0);
  });

  test("one direction between two hosts, and nothing else", async () => {
    await lab.block(h1, h2);
    expect(await oneWay(h1, h2)).toBe(0);
    await comesThrough(h2, h1);
    await comesThrough(h1, h3);
  });

  test("a partition cuts between its sides only", async () => {
    await lab.partition([[h1], [h2, h3]]);
    expect(await oneWay(h1, h2)).toBe(0);
    expect(await oneWay(h3, h1)).toBe(0);
    await comesThrough(h2, h3);
    await reached(lab.client, h1);
    await reached(lab.client, h2);
  });

  test("a bad cable loses a part, both ways together more", async () => {
    await knows(h1, h2);
    await knows(h2, h1);
    await lab.lose(h1, 50);
    const probe = await startProbe(lab, { address: h1.ipv4, from: h2, intervalMs: 1, timeoutMs: 1_000 });
    await until("enough is sent", async () => (await probe.report()).total.sent > 1_000);
    const { total } = await probe.stop();
    // Three of four round trips fail; with a thousand of them these bounds are ten deviations away.
    expect(total.lost / total.sent).toBeGreaterThan(0.6);
    expect(total.lost / total.sent).toBeLessThan(0.9);
    await lab.lose(h1, 0);
    await comesThrough(h2, h1);
  });

  test("a long cable delays both ways, carries large transfers whole, and can be isolated", async () => {
    await lab.delay(h1, { delayMs: 20, jitterMs: 2 });
    const probe = await startProbe(lab, { address: h1.ipv4, from: h2, intervalMs: 5 });
    await until("some are answered", async () => ((await probe.report()).total.answers["h1"] ?? 0) > 50);
    const { roundTrip } = (await probe.stop()).total;
    expect(roundTrip?.medianMs).toBeGreaterThanOrEqual(36);
    // Joined segments and open checksums cross it: a megabyte over TCP arrives as it was.
    const receiver = await h1.spawn([process.execPath, "-e", RECEIVE_AND_HASH]);
    await receiver.waitForOutput(/listening/);
    const sent = await h2.run([process.execPath, "-e", SEND_AND_HASH, h1.ipv4]);
    const received = await receiver.waitForOutput(/hash (\w+)/);
    expect(received[1]).toBe(/hash (\w+)/.exec(sent)?.[1] ?? "nothing sent");
    await lab.isolate(h1);
    expect(await oneWay(h2, h1)).toBe(0);
    await lab.heal();
    await comesThrough(h2, h1);
  });

  test("a power loss ends everything at once; the host boots again", async () => {
    await lab.killHost(h3);
    expect(h3.pid).toBeUndefined();
    expect(await answering[2]?.exited).toBe(128 + 9);
    expect(await reaches(h2, h3)).toBe(false);
    await lab.bootHost(h3);
    await startAnswering([h3]);
    await reached(h2, h3);
  });

  test("a paused host doesn't answer, though its kernel is there", async () => {
    await lab.pause(h1);
    expect(await reaches(h2, h1)).toBe(false);
    await comesThrough(h2, h1);
    await lab.resume(h1);
    await reached(h2, h1);
  });
}
