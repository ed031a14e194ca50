import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Each case is a process of its own, or several.
setDefaultTimeout(240_000);

const folder = mkdtempSync(join(tmpdir(), "ha-crm-simulate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const member = `in_ccm="true" crmd="online" join="member" expected="member"`;

interface Parts {
  readonly fencing?: boolean;
  readonly resources: string;
  readonly constraints?: string;
  readonly schema?: string;
  readonly running?: Readonly<Record<string, string>>;
}

function cib({ fencing = false, resources, constraints = "", schema = "pacemaker-3.9", running = {} }: Parts): string {
  const state = (node: string, id: string) => {
    const here = Object.entries(running).filter(([, where]) => where === node);
    const history = here.map(
      ([name]) =>
        `<lrm_resource id="${name}" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="${name}_last_0" operation_key="${name}_start_0" operation="start" transition-key="1:1:0:x" call-id="5" rc-code="0" op-status="0" interval="0"/></lrm_resource>`,
    );
    return `<node_state id="${id}" uname="${node}" ${member}><lrm id="${id}"><lrm_resources>${history.join("")}</lrm_resources></lrm></node_state>`;
  };
  return `<cib validate-with="${schema}" have-quorum="1" dc-uuid="1"><configuration>
<crm_config><cluster_property_set id="o"><nvpair id="o1" name="stonith-enabled" value="${fencing}"/></cluster_property_set></crm_config>
<nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes><resources>${resources}</resources><constraints>${constraints}</constraints></configuration>
<status>${state("n1", "1")}${state("n2", "2")}</status></cib>`;
}

const dummy = (id: string) => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"/>`;
const fence = `<primitive id="f" class="stonith" type="fence_dummy"/>`;

interface Answer {
  readonly code: number;
  readonly json: {
    readonly schema: number;
    readonly placement: Readonly<Record<string, readonly { readonly node: string; readonly role: string }[]>>;
    readonly actions: readonly {
      readonly kind: string;
      readonly task: string;
      readonly node?: string;
      readonly number: number;
      readonly resource?: string;
      readonly delaySeconds?: number;
      readonly levels?: readonly (readonly string[])[];
    }[];
    readonly recheck?: string;
    readonly warnings: readonly { readonly code: string }[];
    readonly dropped: readonly { readonly constraint: string }[];
  };
  readonly errors: string;
}

async function simulate(text: string, ...options: readonly string[]): Promise<Answer> {
  const file = join(folder, "cib.xml");
  writeFileSync(file, text);
  const main = join(import.meta.dir, "../main.ts");
  const child = Bun.spawn([process.execPath, main, "simulate", "--cib", file, "-o", "json", ...options], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, json: JSON.parse(out), errors };
}

describe("simulate", () => {
  const two = cib({ resources: dummy("a") + dummy("b"), running: { a: "n1", b: "n2" } });

  test("says in JSON where everything is, without instance numbers", async () => {
    const clone = cib({ resources: `<clone id="c">${dummy("i")}</clone>` });
    const { code, json } = await simulate(clone);
    expect(code).toBe(0);
    expect(json.schema).toBe(1);
    expect(json.placement).toEqual({
      i: [
        { node: "n1", role: "Started" },
        { node: "n2", role: "Started" },
      ],
    });
  });

  const moved = { a: [{ node: "n2", role: "Started" }], b: [{ node: "n2", role: "Started" }] };
  const stopped = { a: [], b: [{ node: "n2", role: "Started" }] };
  const CASES: readonly (readonly [string, readonly string[], Answer["json"]["placement"]])[] = [
    ["a node that vanishes", ["--node-fail", "n1"], moved],
    ["a node that was shut down", ["--node-down", "n1"], moved],
    ["a meta attribute", ["--set", "a.target-role=Stopped"], stopped],
    ["no quorum", ["--quorum", "no"], { a: [], b: [] }],
    [
      "a failed stop blocks the resource where it is",
      ["--op-inject", "a_stop_0@n1=1"],
      { ...moved, a: [{ node: "n1", role: "Started" }] },
    ],
    [
      "a failed start",
      ["--node-fail", "n1", "--op-fail", "a_start_0@n2=1"],
      { ...moved, a: [{ node: "n2", role: "Started" }] },
    ],
    ["an option of the cluster", ["--set", "property.stop-all-resources=true"], { a: [], b: [] }],
  ];
  for (const [name, options, placement] of CASES) {
    test(name, async () => expect((await simulate(two, ...options)).json.placement).toEqual(placement));
  }

  test("tickets hold and release what depends on them", async () => {
    const text = cib({
      resources: dummy("a"),
      constraints: `<rsc_ticket id="t" rsc="a" ticket="geo" loss-policy="stop"/>`,
    });
    expect((await simulate(text)).json.placement).toEqual({ a: [] });
    expect((await simulate(text, "--ticket", "geo=granted")).json.placement).toEqual({
      a: [{ node: "n1", role: "Started" }],
    });
  });

  test("packed inputs and standard input are read; a damaged archive is refused", async () => {
    const wanted = (await simulate(two)).json.placement;
    const packed = join(folder, "pe-input-1.bz2");
    writeFileSync(packed, Bun.gzipSync(two));
    const main = join(import.meta.dir, "../main.ts");
    const ask = async (file: string, stdin: string) => {
      const child = Bun.spawn([process.execPath, main, "simulate", "--cib", file, "-o", "json"], {
        stdin: new TextEncoder().encode(stdin),
        stdout: "pipe",
        stderr: "pipe",
      });
      const [text, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
      return { code: await child.exited, text, errors };
    };
    expect(JSON.parse((await ask(packed, "")).text).placement).toEqual(wanted);
    expect(JSON.parse((await ask("-", two)).text).placement).toEqual(wanted);
    writeFileSync(packed, "BZh91AY&SY and no more");
    const broken = await ask(packed, "");
    expect(broken.code).toBe(1);
    expect(broken.text).toContain("CRM_SIM_FILE");
  });

  test("rules with dates are held against the date given", async () => {
    const text = cib({
      resources: dummy("a"),
      constraints: `<rsc_location id="l" rsc="a"><rule id="r" score="-INFINITY"><date_expression id="d" operation="gt" start="2026-01-01"/></rule></rsc_location>`,
    });
    expect((await simulate(text, "--date", "2025-06-01")).json.placement).toEqual({
      a: [{ node: "n1", role: "Started" }],
    });
    expect((await simulate(text, "--date", "2026-06-01")).json.placement).toEqual({ a: [] });
    expect((await simulate(text, "--date", "2025-06-01")).json.recheck).toBe("2026-01-01T00:00:01Z");
    expect((await simulate(text, "--date", "2026-06-01")).json.recheck).toBeUndefined();
  });

  test("nothing is started elsewhere before the lost node is fenced", async () => {
    const text = cib({ fencing: true, resources: fence + dummy("a"), running: { a: "n2", f: "n1" } });
    const { json } = await simulate(text, "--node-fail", "n2");
    const shot = json.actions.find((action) => action.kind === "fence");
    const start = json.actions.find((action) => action.task === "start" && action.resource === "a");
    expect(shot?.node).toBe("n2");
    expect(start?.node).toBe("n1");
    expect(shot?.number).toBeLessThan(start?.number ?? -1);
  });

  test("when the cluster has split, the node with the more important resources is fenced later", async () => {
    const important = dummy("a").replace(
      "/>",
      `><meta_attributes id="m"><nvpair id="p" name="priority" value="10"/></meta_attributes></primitive>`,
    );
    const delays = async (running: string) => {
      const text = cib({ fencing: true, resources: fence + important, running: { a: running, f: "n1" } });
      const options = ["--node-fail", "n2", "--quorum", "yes", "--set", "property.priority-fencing-delay=15s"];
      const { json } = await simulate(text, ...options);
      return json.actions.filter((action) => action.kind === "fence").map((action) => action.delaySeconds);
    };
    expect(await delays("n2")).toEqual([15]);
    expect(await delays("n1")).toEqual([undefined]);
  });

  test("a fencing names the levels of its node; options without effect are named", async () => {
    const topology = `<fencing-topology><fencing-level id="l2" target="n2" index="2" devices="f"/><fencing-level id="l1" target="n2" index="1" devices="g,f"/><fencing-level id="p" target-pattern="n.*" index="1" devices="g"/></fencing-topology></configuration>`;
    const text = cib({
      fencing: true,
      resources: fence + fence.replace('"f"', '"g"') + dummy("a"),
      running: { a: "n2" },
    })
      .replace("</configuration>", topology)
      .replace("<nvpair", '<nvpair id="pe" name="pe-input-series-max" value="10"/><nvpair');
    const { json } = await simulate(text, "--node-fail", "n2", "--quorum", "yes");
    expect(json.actions.find((action) => action.kind === "fence")?.levels).toEqual([["g", "f"], ["f"]]);
    expect(json.warnings.map((one) => one.code)).toEqual(["CRM_OPTION_LOST"]);
  });

  test("of orders in a circle the weakest is given up, by name, and everything starts", async () => {
    const text = cib({
      resources: dummy("a") + dummy("b"),
      constraints: `<rsc_order id="must" first="a" then="b"/><rsc_order id="wish" first="b" then="a" kind="Optional"/>`,
    });
    const { json } = await simulate(text);
    expect(json.dropped.map((one) => one.constraint)).toEqual(["wish"]);
    expect(Object.values(json.placement).map((list) => list.length)).toEqual([1, 1]);
  });

  test("old schemas and names are read", async () => {
    const text = cib({
      schema: "pacemaker-1.2",
      resources: `<master id="m"><meta_attributes id="x"><nvpair id="x1" name="master-max" value="1"/></meta_attributes>${dummy("s")}</master>`,
      constraints: `<rsc_location id="l" rsc="m"><rule id="r" role="Master" score="100"><expression id="e" attribute="#uname" operation="eq" value="n2"/></rule></rsc_location>`,
    }).replace("stonith-enabled", "fencing-enabled");
    expect((await simulate(text)).json.placement["s"]).toEqual([
      { node: "n1", role: "Unpromoted" },
      { node: "n2", role: "Promoted" },
    ]);
  });

  test("every mistake of the options is named", async () => {
    const file = await simulate(two, "--node-fail", "nx", "--ticket", "q", "--set", "zz.a=1");
    expect(file.code).toBe(64);
    const guest = dummy("vm").replace(
      "/>",
      `><meta_attributes id="m"><nvpair id="p" name="remote-node" value="g1"/></meta_attributes></primitive>`,
    );
    const { code, json } = await simulate(cib({ resources: guest }), "--node-fail", "g1");
    expect([code, JSON.stringify(json).includes("CRM_SIM_REMOTE")]).toEqual([64, true]);
  });
});
