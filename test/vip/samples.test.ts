/**
 * Whole files in the words of keepalived.conf(5). What ha-vip says of each is in verdicts.txt; the real keepalived is
 * asked about the same files, and where the two differ the reason is in this table.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import { named, requirePackages, requireRootNamespaces } from "../../shared/lab/requirements.ts";
import { makeSource } from "../../shared/text/source.ts";
import { parseHaYaml } from "../../tools/ha-vip/config/ha-yaml.ts";
import { writeVipSection } from "../../tools/ha-vip/config/ha-yaml-write.ts";
import { parseKeepalived } from "../../tools/ha-vip/config/keepalived.ts";
import { runDataFiles } from "../support/datadriven.ts";
import { plain } from "./configuration-samples/plain.ts";

const FOLDER = join(import.meta.dir, "..", "cases", "vip-conf");
const FILES = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".conf"))
  .toSorted();

/** Files that one of the two takes and the other doesn't. */
const DIFFERENCES: Readonly<Record<string, string>> = {
  "06-script-after-use.conf": "a script defined after its use is fine here; keepalived's test fails",
  "08-track-interface.conf": "keepalived's test fails when a router lists its own interface; it is tracked anyway",
  "16-routes-rules.conf": "keepalived's test fails for routes without an interface, which it can't watch",
  "24-state-slave.conf": "keepalived's test fails for SLAVE; a warning says here what it is taken for",
  "30-auth-version-3.conf": "keepalived's test fails for a password in version 3; a warning says that it has no effect",
  "32-lvs.conf": "LVS is refused by name: ha-lb balances load",
  "33-static.conf":
    "static addresses and routes are refused by name: they belong to the host's own network configuration",
};

const textOf = (file: string): string => readFileSync(join(FOLDER, file), "utf8");

function parse(file: string): ReturnType<typeof parseKeepalived> {
  return parseKeepalived(file, textOf(file), { configId: "h1", include: () => [] });
}

/** One line for each thing the reader says, and a short form of what it has understood. */
function verdict(file: string): string {
  const result = parse(file);
  const facts = result.ok ? result.warnings : result.problems;
  const said = facts.map((fact) => `${fact.code} at ${fact.at?.line ?? "-"}:${fact.at?.column ?? "-"}`);
  if (!result.ok) return ["refused", ...said].join("\n");
  const routers = result.value.routers.map(({ settings, tracks }) => {
    const { addresses, device, excludedAddresses, intervalMs, name, peers, priority, routes, rules, version, vrid } =
      settings;
    const counts = `${addresses.length}+${excludedAddresses.length} addresses, ${routes.length} routes, ${rules.length} rules`;
    return `${name}: vrid ${vrid} on ${device}, version ${version}, priority ${priority}, ${intervalMs} ms, ${counts}, ${peers.length} peers, ${tracks.length} tracks`;
  });
  return ["good", ...said, ...routers].join("\n");
}

describe("sample files", () => {
  runDataFiles(
    FOLDER,
    () =>
      ({ words: [file = ""] }) =>
        verdict(file),
  );

  for (const file of FILES.filter((name) => parse(name).ok)) {
    test(`${file}: import writes a ha.yaml that means the same`, () => {
      const result = parse(file);
      if (!result.ok) throw new Error("it was good a moment ago");
      const yaml = writeVipSection(result.value);
      const back = parseHaYaml(makeSource("ha.yaml", yaml));
      if (!back.ok) throw new Error(`${yaml}\n${JSON.stringify(back.problems)}`);
      expect(plain(back.value)).toEqual(plain(result.value));
    });
  }

  test("all of them have a verdict", () => {
    const verdicts = readFileSync(join(FOLDER, "verdicts.txt"), "utf8");
    expect(FILES.filter((file) => !verdicts.includes(`file ${file}\n`))).toEqual([]);
    expect(FILES.length).toBeGreaterThanOrEqual(25);
  });
});

const lacking = requireRootNamespaces() ?? requirePackages("keepalived");

describe.skipIf(lacking !== undefined)(named("sample files beside the real keepalived", lacking), () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await createLab({ hosts: 1, rings: 2 });
  });
  afterAll(async () => lab.close());

  test("are taken and refused alike, but for the differences that are listed", async () => {
    const host = lab.host("h1");
    const differing: string[] = [];
    for (const file of FILES) {
      await host.writeFile("/etc/sample.conf", textOf(file));
      const { code } = await host.exec(["/usr/sbin/keepalived", "-t", "-i", "h1", "-f", "/etc/sample.conf"]);
      if ((code === 0) !== parse(file).ok) differing.push(file);
    }
    expect(differing).toEqual(Object.keys(DIFFERENCES));
  }, 60_000);
});
