/** A file means here what it means to keepalived: both read the same samples, and what they have understood is compared. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { named, requirePrograms, requireRootNamespaces } from "../../shared/lab/requirements.ts";
import { formatAddress } from "../../shared/text/address.ts";
import type { RouterConfiguration } from "../../tools/ha-vip/model/configuration.ts";
import type { VirtualAddress } from "../../tools/ha-vip/model/router.ts";
import { option } from "../support/datadriven.ts";
import { allSamples, filesOf, readSample, type Sample } from "./configuration-samples/sample.ts";
import { type Dump, dumpOf, tellsData } from "./configuration-samples/dump.ts";
import { TRUSTING } from "./configuration-samples/verdict.ts";

const lacking =
  requireRootNamespaces() ??
  requirePrograms("keepalived", "unshare", "ip", "mount") ??
  (tellsData() ? undefined : "needs a keepalived with JSON");
/** Several keepalived at a time: each mostly waits. */
const AT_ONCE = 6;

const SCOPES: Readonly<Record<string, string>> = { universe: "global", site: "site", link: "link", host: "host" };

/** An address in keepalived's own words, as far as the two must agree. */
function ours({ address, device, label, prefixLength, scope }: VirtualAddress, usual: string): string {
  const words = [
    `${formatAddress(address)}/${prefixLength}`,
    "dev",
    device ?? usual,
    "scope",
    SCOPES[scope ?? "universe"],
  ];
  return [...words, ...(label === undefined ? [] : ["label", label])].join(" ");
}

/** Flags, lifetimes, broadcasts and what a macvlan stands on are compared nowhere; a single address is told without its length. */
function theirs(text: string): string {
  const [, address = "", rest = ""] = /^(\S+)(?: brd \S+)?( dev \S+ scope \S+(?: label \S+)?)/.exec(text) ?? [];
  const length = address.includes("/") ? "" : address.includes(":") ? "/128" : "/32";
  return address + length + rest.replace(/@\S+/, "");
}

function asKeepalived({ settings }: RouterConfiguration): unknown {
  const { announce } = settings;
  const vmac = settings.vmac?.name ?? "";
  return {
    iname: settings.name,
    // With a macvlan, that is the interface.
    device: vmac === "" ? settings.device : vmac,
    vrid: settings.vrid,
    version: settings.version,
    priority: settings.priority,
    intervalS: settings.intervalMs / 1000,
    nopreempt: !settings.preempt,
    // It tells whole seconds.
    preemptDelayS: Math.floor(settings.preemptDelayMs / 1000),
    blindToDevice: !settings.trackOwnDevice,
    announce: [announce.count, announce.delayMs / 1000, announce.refreshMs / 1000, announce.refreshCount],
    silentToLower: !settings.answerLower,
    addresses: settings.addresses.map((one) => ours(one, vmac === "" ? settings.device : vmac)),
    excluded: settings.excludedAddresses.length,
    routes: settings.routes.length,
    rules: settings.rules.length,
  };
}

function asOurs(dump: Dump): unknown {
  return {
    iname: dump.iname,
    device: dump.ifp_ifname,
    vrid: dump.vrid,
    version: dump.version,
    priority: dump.base_priority,
    intervalS: dump.adver_int,
    nopreempt: dump.nopreempt,
    preemptDelayS: dump.preempt_delay,
    blindToDevice: dump.dont_track_primary !== 0,
    announce: [dump.garp_rep, dump.garp_delay, dump.garp_refresh, dump.garp_refresh_rep],
    silentToLower: dump.lower_prio_no_advert !== 0,
    addresses: dump.vips.map(theirs),
    excluded: dump.evips.length,
    routes: dump.vroutes.length,
    rules: dump.vrules.length,
  };
}

/** Samples of which the two make different things; ha-vip's warnings say so. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "instances.txt nopreempt-of-a-master": "keepalived drops nopreempt and makes it the owner, here the state is dropped",
  "resources.txt routes-of-ipv6": "keepalived 2.2.7 loses the word behind inet6",
  "resources.txt rules": "keepalived 2.2.7 loses the word behind inet6",
};
const SAMPLES = allSamples().filter(({ block, name }) => readSample(block).ok && DIFFERENT[name] === undefined);

describe.skipIf(lacking !== undefined)(named("samples mean what they mean to keepalived", lacking), () => {
  const folder = mkdtempSync(join(tmpdir(), "ha-vip-oracle-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const dumps = new Map<string, Promise<readonly Dump[]>>();

  /** Starts with all of them, a few at a time. */
  async function ask({ block, name }: Sample): Promise<readonly Dump[]> {
    const place = join(folder, name.replaceAll(" ", "_"));
    for (const { file, text } of [...filesOf(block.input), { file: "asked.conf", text: TRUSTING }]) {
      mkdirSync(dirname(join(place, file)), { recursive: true });
      writeFileSync(join(place, file), text);
    }
    return await dumpOf(place, option(block, "id") ?? "node1");
  }

  for (const [index, sample] of SAMPLES.entries()) {
    test(
      sample.name,
      async () => {
        for (const next of SAMPLES.slice(index, index + AT_ONCE)) {
          const asked = dumps.get(next.name) ?? ask(next);
          // Its own test tells of it.
          asked.catch(() => undefined);
          dumps.set(next.name, asked);
        }
        const read = readSample(sample.block);
        if (!read.ok) throw new Error("it was good a moment ago");
        const found = await dumps.get(sample.name);
        expect(read.value.routers.map(asKeepalived)).toEqual((found ?? []).map(asOurs));
      },
      180_000,
    );
  }
});
