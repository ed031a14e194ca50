import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { longestWatchdogMs, mayFeed } from "../../decide/lease/feeding.ts";
import { createLab } from "../../lab/lab.ts";
import { named, requireRootNamespaces } from "../../lab/requirements.ts";
import { boottimeNs } from "../ffi/clock.ts";
import { KeeperClient } from "./keeper-client.ts";
import { startTicksOf } from "./keeper.ts";
import { Watchdog } from "./watchdog.ts";

const KEEPER = join(import.meta.dir, "testdata/keeper-process.ts");
const lacking = requireRootNamespaces();
let directory = "";
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "watchdog-"))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 8000;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`not in time: ${what}`);
    await Bun.sleep(5);
  }
}

/** A process group of its own that would live for long. */
function victim(): Bun.Subprocess {
  return Bun.spawn(["/usr/bin/setsid", "/usr/bin/sleep", "60"], { stdout: "ignore" });
}

const nowMs = (): number => boottimeNs() / 1e6;

describe("the watchdog device", () => {
  test("a stand-in takes food and the magic close", () => {
    const path = join(directory, "watchdog");
    writeFileSync(path, "");
    const watchdog = Watchdog.open({ path, timeoutSeconds: 5, allowStandIn: true });
    expect([watchdog.identity, watchdog.timeoutMs, watchdog.feed(), watchdog.feed()]).toEqual(["stand-in", 5000, 0, 0]);
    watchdog.disarm();
    expect(readFileSync(path, "latin1")).toBe("\0\0V");
    expect(watchdog.feed()).toBeLessThan(0);
  });

  test("what is no watchdog, or isn't there, is refused", () => {
    const path = join(directory, "file");
    writeFileSync(path, "");
    expect(() => Watchdog.open({ path, timeoutSeconds: 5 })).toThrow("ENOTTY");
    expect(() => Watchdog.open({ path: join(directory, "none"), timeoutSeconds: 5 })).toThrow("ENOENT");
  });

  test("is fed only when its bite would still come in time", () => {
    expect([mayFeed(100, 1000, 900), mayFeed(101, 1000, 900), mayFeed(5000, null, 900)]).toEqual([true, false, true]);
    expect(longestWatchdogMs(9000)).toBe(3000);
  });
});

describe("the supervising process", () => {
  test("kills what it watches when it isn't fed, and nobody who only has the same number", async () => {
    const [one, other] = [victim(), victim()];
    const bites: string[] = [];
    const keeper = new KeeperClient([process.execPath, KEEPER], (line) => bites.push(line));
    await until(
      "the sleepers lead their groups",
      () => startTicksOf(one.pid) !== null && startTicksOf(other.pid) !== null,
    );
    const groups = [
      { pid: one.pid, startTicks: startTicksOf(one.pid) ?? "" },
      { pid: other.pid, startTicks: "1" },
    ];
    await keeper.watch({ groups, addresses: [] });
    await keeper.feed(nowMs() + 60_000);
    await keeper.feed(nowMs() + 200);
    expect(await one.exited).not.toBe(0);
    await until("it says so", () => bites.length === 1);
    expect(JSON.parse(bites[0] ?? "")).toMatchObject({ bite: true, killed: [one.pid], failed: [] });
    expect(other.exitCode).toBe(null);
    other.kill("SIGKILL");
    await keeper.close();
  });

  test("bites after the daemon died, and ends at once when nothing is to be feared", async () => {
    const sleeper = victim();
    const keeper = new KeeperClient([process.execPath, KEEPER], () => undefined);
    await until("the sleeper runs", () => startTicksOf(sleeper.pid) !== null);
    await keeper.watch({ groups: [{ pid: sleeper.pid, startTicks: startTicksOf(sleeper.pid) ?? "" }], addresses: [] });
    await keeper.feed(nowMs() + 300);
    await keeper.close();
    expect(await sleeper.exited).not.toBe(0);
    const idle = new KeeperClient([process.execPath, KEEPER], () => undefined);
    await idle.feed(nowMs() + 60_000);
    await idle.feed(null);
    await idle.close();
  });

  test.skipIf(lacking !== undefined)(named("takes addresses off", lacking), async () => {
    await using lab = await createLab({ hosts: 1, client: false, ipv6: false });
    const host = lab.hosts[0];
    if (host === undefined) throw new Error("no host");
    await host.run("/usr/sbin/ip address add 10.99.0.1/32 dev lo");
    const watched = { groups: [], addresses: [{ device: "lo", address: "10.99.0.1", prefixLength: 32 }] };
    const orders = [
      { kind: "watch", watched },
      { kind: "feed", biteAtMs: 1 },
    ].map((order) => JSON.stringify(order));
    await host.writeFile("/etc/orders", `${orders.join("\n")}\n`, "600");
    const ran = await host.exec(["sh", "-c", `${process.execPath} ${KEEPER} < /etc/orders`]);
    expect(`${ran.stdout}${ran.stderr}`).toContain(`"removed":["10.99.0.1/32 on lo"]`);
    expect((await host.exec(["/usr/sbin/ip", "address", "show", "dev", "lo"])).stdout).not.toContain("10.99.0.1");
  });
});
