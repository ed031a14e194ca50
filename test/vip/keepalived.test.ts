import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import type { LabProcess } from "../../shared/lab/process.ts";
import { named, requirePackages, requireRootNamespaces } from "../../shared/lab/requirements.ts";
import { configurationOf, HA_VIP, startKeepalived, startVipWith, VIP, waitForHolder } from "./support.ts";

const lacking = requireRootNamespaces() ?? requirePackages("keepalived", "nftables");

type Settings = Omit<Parameters<typeof configurationOf>[0], "priority" | "unicast">;

const CASES: readonly (readonly [string, Settings & { readonly unicast?: boolean }, string])[] = [
  ["version 2 with a password", { version: 2, interval: "1", password: "mysecret" }, VIP],
  ["version 3 at 1 s", { version: 3, interval: "1" }, VIP],
  ["version 3 at 0.1 s", { version: 3, interval: "0.1" }, VIP],
  ["version 3 at 0.01 s", { version: 3, interval: "0.01" }, VIP],
  ["version 2 at 1 s, unicast", { version: 2, interval: "1", unicast: true }, VIP],
  ["version 3 at 0.1 s, unicast", { version: 3, interval: "0.1", unicast: true }, VIP],
  [
    "version 3 over IPv6, unicast",
    { version: 3, interval: "0.1", addresses: ["fe80::100/64", "fd77::100/64"], unicast: true },
    "fd77::100",
  ],
  ["version 3 over IPv6", { version: 3, interval: "1", addresses: ["fe80::100/64", "fd77::100/64"] }, "fd77::100"],
];

describe.skipIf(lacking !== undefined)(named("with the real keepalived on the other host", lacking), () => {
  let lab: Lab;

  beforeEach(async () => {
    lab = await createLab({ hosts: 2, client: false });
  }, 180_000);
  afterEach(async () => lab.close(), 180_000);

  function pair({ unicast, ...settings }: Settings & { readonly unicast?: boolean }, ours: number, theirs: number) {
    const family = settings.addresses?.[0]?.includes(":") === true ? "ipv6" : "ipv4";
    const [h1, h2] = [lab.host("h1")[family], lab.host("h2")[family]];
    const one = unicast === true ? { unicast: { own: h1, peer: h2 } } : {};
    const two = unicast === true ? { unicast: { own: h2, peer: h1 } } : {};
    return {
      ours: configurationOf({ ...settings, ...one, priority: ours }),
      theirs: configurationOf({ ...settings, ...two, priority: theirs }),
    };
  }

  /** Waits until keepalived has counted adverts of ours, and none as a bad one. */
  async function waitForHeard(keepalived: LabProcess): Promise<void> {
    // Before it has said so, it can't be asked.
    await keepalived.waitForOutput(/Entering BACKUP STATE/);
    let counts = "";
    await until("keepalived hears us", async () => {
      keepalived.signal("SIGUSR2");
      counts = (await lab.host("h2").exec(["cat", "/tmp/keepalived.stats"])).stdout;
      return /Advertisements:\s+Received: [1-9][^]*Priority Zero/.test(counts);
    });
    const mistakes = /Packet Errors:[^]*(?=Priority Zero)/.exec(counts)?.[0] ?? "";
    expect(mistakes).toMatch(/: 0/);
    expect(mistakes).not.toMatch(/: [1-9]/);
  }

  async function waitForFollower(): Promise<void> {
    await until("ha-vip follows keepalived", async () => {
      const { stdout } = await lab.host("h1").exec([...HA_VIP, "explain"]);
      return / is on (10\.77|fd77:|fe80:)/.test(stdout);
    });
  }

  /** Two masters for more than a moment would mean that one doesn't understand the other. */
  async function staysOn(name: string, address: string, { interval }: Settings, process: LabProcess): Promise<void> {
    await waitForHolder(lab, name, address);
    expect(process.stderr).not.toContain("VIP_BAD_PACKET");
    // With short intervals a host that gets no processor for a moment is rightly relieved.
    if (interval === "1") expect(process.stderr).not.toContain("VIP_TWO_MASTERS");
  }

  for (const [name, settings, address] of CASES) {
    test(`${name}: keepalived is the backup, and takes over when ha-vip stops`, async () => {
      const { ours, theirs } = pair(settings, 150, 100);
      const process = await startVipWith(lab.host("h1"), ours);
      await waitForHolder(lab, "h1", address);
      await waitForHeard(await startKeepalived(lab.host("h2"), theirs));
      await staysOn("h1", address, settings, process);
      process.signal("SIGTERM");
      await waitForHolder(lab, "h2", address);
    }, 180_000);

    test(`${name}: keepalived is the master, and ha-vip takes over when it stops`, async () => {
      const { ours, theirs } = pair(settings, 100, 150);
      const keepalived = await startKeepalived(lab.host("h2"), theirs);
      await waitForHolder(lab, "h2", address);
      const process = await startVipWith(lab.host("h1"), ours);
      await waitForFollower();
      await staysOn("h2", address, settings, process);
      keepalived.signal("SIGTERM");
      await waitForHolder(lab, "h1", address);
      // With short intervals its last word may come after ha-vip gave it up.
      await process.waitForOutput(settings.interval === "1" ? /VIP_MASTER_LEFT/ : /VIP_MASTER_(LEFT|LOST)/);
    }, 180_000);
  }
});
