import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labEnvironment } from "../../shared/lab/support.ts";
import { baseText, splitWords } from "./pcs-cases.ts";
import { lacksPacemaker } from "./peers.ts";

// Every command is a process of its own, on a machine that may be busy.
setDefaultTimeout(240_000);

const MAIN = join(import.meta.dir, "../../tools/ha-crm/main.ts");
const folder = mkdtempSync(join(tmpdir(), "crm-file-"));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const verify = lacksPacemaker("crm_verify") === undefined ? "crm_verify" : undefined;

/** The lines of a tutorial, word by word: nothing may be changed in them but the program's name. */
const TUTORIAL = [
  "resource create cluster_vip ocf:heartbeat:IPaddr2 ip=10.0.0.100 cidr_netmask=24 op monitor interval=30s",
  "resource create webserver ocf:heartbeat:nginx configfile=/etc/nginx/nginx.conf op monitor interval=10s",
  "constraint colocation add webserver with cluster_vip INFINITY",
  "constraint order cluster_vip then webserver",
  "constraint location webserver prefers node1=100",
  "stonith create fence_node1 fence_ipmilan ipaddr=192.168.1.200 login=admin passwd=secret pcmk_host_list=node1",
  "property set stonith-enabled=false",
];

async function run(program: string, words: readonly string[], path = process.env["PATH"] ?? "") {
  const child = Bun.spawn([process.execPath, program, ...words], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: path, NO_COLOR: "1" },
  });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { exit: await child.exited, stdout, stderr };
}

function newFile(name: string, base = "empty"): string {
  const file = join(folder, name);
  writeFileSync(file, baseText(base));
  return file;
}

describe("a file is changed as pcs changes it", () => {
  for (const name of ["ha-crm", "pcs"]) {
    test(`the seven lines of the tutorial, called as ${name}`, async () => {
      const program = name === "pcs" ? join(folder, "pcs") : MAIN;
      if (name === "pcs") symlinkSync(MAIN, program);
      const file = newFile(`tutorial-${name}.xml`);
      for (const line of TUTORIAL) {
        const done = await run(program, ["-f", file, ...splitWords(line)]);
        expect({ line, exit: done.exit }).toEqual({ line, exit: 0 });
      }
      const constraints = await run(program, ["-f", file, "constraint", "list", "--full"]);
      expect(constraints.stdout.trimEnd().split("\n")).toEqual([
        "Location Constraints:",
        "  Resource: webserver",
        "    Enabled on:",
        "      Node: node1 (score:100) (id:location-webserver-node1-100)",
        "Ordering Constraints:",
        "  start cluster_vip then start webserver (kind:Mandatory) (id:order-cluster_vip-webserver-mandatory)",
        "Colocation Constraints:",
        "  webserver with cluster_vip (score:INFINITY) (id:colocation-webserver-cluster_vip-INFINITY)",
        "Ticket Constraints:",
      ]);
      const config = await run(program, ["config", "-f", file]);
      for (const word of ["cluster_vip", "webserver", "ip=10.0.0.100", "fence_node1", "stonith-enabled: false"]) {
        expect(config.stdout).toContain(word);
      }
      expect(config.stdout).not.toContain("secret");
      if (verify !== undefined) {
        const child = Bun.spawn([verify, "-x", file], { stdout: "ignore", stderr: "pipe", env: labEnvironment() });
        expect(await new Response(child.stderr).text()).not.toContain("Errors found");
        await child.exited;
      }
    });
  }

  test("everything else in the file stays byte for byte", async () => {
    const odd = baseText("web")
      .replace("<cib ", "<?xml version='1.0'?>\n<!-- mine -->\n<cib ")
      .replace('<node id="2" uname="node2"/>', "<node   uname='node2'\n  id=\"2\"  ><!-- second --></node>")
      .replace("<status/>", '<status><unknown deep="&lt;yes&gt;"><![CDATA[<raw>]]></unknown></status>');
    const file = join(folder, "odd.xml");
    writeFileSync(file, odd);
    expect((await run(MAIN, ["-f", file, "resource", "meta", "B", "priority=7"])).exit).toBe(0);
    const after = readFileSync(file, "utf8");
    const gone = odd.split("\n").filter((line) => !after.split("\n").includes(line));
    const added = after.split("\n").filter((line) => !odd.split("\n").includes(line));
    expect(gone).toEqual([]);
    expect(added.map((line) => line.trim())).toEqual([
      '<meta_attributes id="B-meta_attributes">',
      '<nvpair id="B-meta_attributes-priority" name="priority" value="7"/>',
    ]);
    expect((await run(MAIN, ["-f", file, "resource", "meta", "B", "priority="])).exit).toBe(0);
  });

  test("mode and link stay, and no other file is left", async () => {
    const file = newFile("mode.xml");
    chmodSync(file, 0o640);
    const link = join(folder, "link.xml");
    symlinkSync(file, link);
    expect((await run(MAIN, ["-f", link, "property", "set", "maintenance-mode=true"])).exit).toBe(0);
    expect(statSync(file).mode & 0o7777).toBe(0o640);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(file, "utf8")).toContain("maintenance-mode");
    expect(readdirSync(folder).filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  test("commands that change one file at the same time lose nothing of each other", async () => {
    const file = newFile("many.xml");
    const names = Array.from({ length: 8 }, (_, number) => `many${number}`);
    const done = await Promise.all(
      names.map((name) => run(MAIN, ["-f", file, "resource", "create", name, "ocf:pacemaker:Dummy"])),
    );
    expect(done.map((one) => one.exit)).toEqual(names.map(() => 0));
    const after = readFileSync(file, "utf8");
    expect(names.filter((name) => !after.includes(`<primitive id="${name}"`))).toEqual([]);
  });

  describe("a refused command changes nothing, says why, and how to mend it", () => {
    const cases: readonly (readonly [string, number, string])[] = [
      ["resource create A ocf:pacemaker:Dummy", 113, "CRM_PCS_ID_TAKEN"],
      ["resource create", 64, "CRM_PCS_USAGE"],
      ["resource create X ocf:pacemaker:Dummy fake", 64, "CRM_PCS_PAIR"],
      ["resource create X ocf:pacemaker:Dummy fakee=1", 65, 'did you mean "fake"?'],
      ["resource delete nosuch", 105, "CRM_PCS_NO_SUCH"],
      ["property set no-quorum-policy=bad", 65, "CRM_PCS_VALUE"],
      ["property set no-quorum-polcy=stop", 65, 'did you mean "no-quorum-policy"?'],
      ["resource delete A", 113, "the tag T1 still refers to it"],
      ["resource move A node2", 69, "move-with-constraint"],
      ["resource cleanup A", 69, "CRM_PCS_NOT_ON_FILE"],
      ["acl role create r", 2, "CRM_PCS_REFUSED_WORD"],
      ["cluster setup x node1 node2 --start --wait=9", 69, "hosts aren't set up"],
      ["booth ticket grant geo", 69, "--ticket NAME=granted"],
      ["config backup here", 2, "copy it"],
      ["stonith cleanup F", 69, "running cluster"],
      ["resource enable A --wait", 69, "--wait"],
      ["constraint order A then B", 113, "order-A-B-mandatory"],
    ];
    test.each(cases)("%s", async (line, exit, said) => {
      const file = newFile("refused.xml", "web");
      const before = readFileSync(file, "utf8");
      const done = await run(MAIN, ["-f", file, ...splitWords(line)]);
      expect(done.exit).toBe(exit);
      expect(done.stderr).toContain(said);
      expect(done.stderr).toContain("fix:");
      expect(readFileSync(file, "utf8")).toBe(before);
    });
  });

  test("without a file there is nothing to change; a file that is no CIB is refused", async () => {
    const none = await run(MAIN, ["resource", "create", "X", "ocf:pacemaker:Dummy"]);
    expect(none.exit).toBe(69);
    const wrong = join(folder, "wrong.xml");
    writeFileSync(wrong, "<cib>\n  <configuration>\n</cib>");
    const refused = await run(MAIN, ["-f", wrong, "property", "set", "maintenance-mode=true"]);
    expect(refused.exit).toBe(65);
    expect(refused.stderr).toContain(`${wrong}:3:1`);
    expect((await run(MAIN, ["-f", join(folder, "missing.xml"), "property"])).exit).toBe(1);
  });

  test("options may stand in front, as with pcs", async () => {
    const file = newFile("front.xml");
    const done = await run(MAIN, ["--force", "-f", file, "property", "set", "my-own=1"]);
    expect(done.exit).toBe(0);
    expect(readFileSync(file, "utf8")).toContain("my-own");
  });
});
