import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import type { LabProcess } from "../../shared/lab/process.ts";
import { named, requirePackages, requireRootNamespaces } from "../../shared/lab/requirements.ts";
import { configurationOf, holders, startKeepalived, startVipWith, VIP, waitForHolder } from "./support.ts";

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
  ["version 3 over IPv6", { version: 3, interval: "0.1", addresses: ["fe80::100/64", "fd77::100/64"] }, "fd77::100"],
];

describe.skipIf(lacking !== undefined)(named("with the real keepalived on the other host", lacking), () => {
  let lab: Lab;

  beforeEach(async () => {
    lab = await createLab({ hosts: 2 });
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

  /** Two masters would mean that one doesn't understand the other. */
  async function neverTwo(address: string, process: LabProcess): Promise<void> {
    expect((await holders(lab, address)).length).toBeLessThanOrEqual(1);
    expect(process.stderr).not.toContain("VIP_TWO_MASTERS");
    expect(process.stderr).not.toContain("VIP_BAD_PACKET");
  }

  for (const [name, settings, address] of CASES) {
    test(`${name}: keepalived is the backup, and takes over when ha-vip stops`, async () => {
      const { ours, theirs } = pair(settings, 150, 100);
      const process = await startVipWith(lab.host("h1"), ours);
      await waitForHolder(lab, "h1", address);
      await startKeepalived(lab.host("h2"), theirs);
      await until(
        "keepalived listens",
        async () =>
          (
            await lab
              .host("h2")
              .exec("ss -wlpn | grep -q keepalived || cat /proc/net/raw /proc/net/raw6 | grep -q ':0070'")
          ).code === 0,
      );
      await neverTwo(address, process);
      process.signal("SIGTERM");
      await waitForHolder(lab, "h2", address);
    }, 180_000);

    test(`${name}: keepalived is the master, and ha-vip takes over when it stops`, async () => {
      const { ours, theirs } = pair(settings, 100, 150);
      const keepalived = await startKeepalived(lab.host("h2"), theirs);
      await waitForHolder(lab, "h2", address);
      const process = await startVipWith(lab.host("h1"), ours);
      await until("ha-vip listens", () => /VIP_STARTED/.test(process.stderr));
      await neverTwo(address, process);
      keepalived.signal("SIGTERM");
      await waitForHolder(lab, "h1", address);
      expect(process.stderr).toContain("VIP_MASTER_LEFT");
    }, 180_000);
  }
});
