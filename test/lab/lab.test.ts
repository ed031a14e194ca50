import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import { named, requireNamespaces } from "../../shared/lab/requirements.ts";

const lacking = requireNamespaces();

describe.skipIf(lacking !== undefined)(named("a host", lacking), () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await createLab({ hosts: 2, rings: 2 });
  });
  afterAll(async () => lab?.close());

  test("has its own name, addresses, hardware addresses and process table", async () => {
    const host = lab.host("h2");
    expect((await host.run("hostname")).trim()).toBe("h2");
    // The kernel gives the last one by itself, in its own time.
    for (const [card, expected] of [
      ["eth0", "10.77.0.2 fd77::2 fe80::77:ff:fe00:2"],
      ["eth1", "10.78.0.2 fd78::2 fe80::77:1ff:fe00:2"],
    ] as const) {
      await until(`${card} has its addresses`, async () => (await host.addresses(card)).join(" ") === expected);
    }
    expect((await host.readFile("/sys/class/net/eth0/address")).trim()).toBe(host.link(0).mac);
    await until("its first process sleeps", async () => (await host.run("cat /proc/1/comm")).trim() === "sleep");
    expect((await lab.client.run("getent hosts h2")).split(/\s+/)[0]).toBe("fd77::2");
  });

  test("keeps the files that it writes to itself, through a power loss", async () => {
    const [first, second] = lab.hosts;
    if (first === undefined || second === undefined) throw new Error("two hosts were asked for");
    await first.writeFile("/var/lib/lab-test/data", "written\n");
    await first.writeFile("/run/volatile", "gone at boot\n");
    expect((await second.exec("cat /var/lib/lab-test/data")).code).not.toBe(0);
    expect(await Bun.file("/var/lib/lab-test/data").exists()).toBe(false);
    await lab.killHost(first);
    await lab.bootHost(first);
    expect(await first.readFile("/var/lib/lab-test/data")).toBe("written\n");
    expect((await first.exec("cat /run/volatile")).code).not.toBe(0);
  });

  test("tells exit codes, both streams, input and a time that is up", async () => {
    const host = lab.host("h1");
    expect(await host.exec("cat; echo err >&2; exit 3", { input: "in" })).toEqual({
      code: 3,
      stdout: "in",
      stderr: "err\n",
    });
    expect((await host.exec(["sleep", "60"], { timeoutMs: 50 })).code).toBe(124);
    expect((await host.exec(["pwd"], { cwd: "/etc" })).stdout).toBe("/etc\n");
    expect((await host.exec("echo $X", { env: { X: "set" } })).stdout).toBe("set\n");
  });

  test("runs long commands, which end by signal and with the host", async () => {
    const host = lab.host("h1");
    const daemon = await host.spawn("echo up; exec sleep 1000");
    await daemon.waitForOutput(/^up$/m);
    expect(daemon.pid).toBeGreaterThan(1);
    expect(await daemon.kill("SIGTERM")).toBe(128 + 15);
    const other = await host.spawn(["sleep", "1000"]);
    await lab.killHost(host);
    expect(await other.exited).toBe(128 + 9);
    await lab.bootHost(host);
  });

  test("a pause stops every process and the owner still sees them end", async () => {
    const host = lab.host("h1");
    const counter = await host.spawn("while :; do echo tick; sleep 0.01; done");
    await counter.waitForOutput(/tick/);
    const sleeper = await host.spawn(["sleep", "1000"]);
    await lab.pause(host);
    const state = async () => (await Bun.file(`/proc/${sleeper.pid}/stat`).text()).replace(/^.*\) /, "").charAt(0);
    await until("the process is stopped", async () => (await state()) === "T");
    await lab.resume(host);
    const before = counter.stdout.length;
    await until("it ticks again", () => counter.stdout.length > before);
    expect(await counter.kill()).toBe(128 + 9);
    expect(await sleeper.kill("SIGTERM")).toBe(128 + 15);
  });
});
