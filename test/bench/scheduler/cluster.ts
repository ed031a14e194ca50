/** A cluster of the size asked for, as a CIB: groups, clones, plain resources and constraints as real ones have. */
const CLASS = `class="ocf" provider="pacemaker" type="Dummy"`;
const DIGEST = "f2317cad3d54cec5d7d7aa7d0bf35cf8";
const KEY = "2668bbeb-06d5-40f9-936d-24cab7f87006";

export interface Size {
  readonly nodes: number;
  readonly resources: number;
}

/** Of every ten resources: three in a group, one fence-free plain pair with a colocation and an order, the rest alone. */
function resourcesOf(count: number): { readonly resources: string; readonly constraints: string } {
  const resources: string[] = [];
  const constraints: string[] = [];
  const primitive = (number: number) =>
    `<primitive id="r${number}" ${CLASS}><operations><op id="r${number}-m" name="monitor" interval="10s"/></operations></primitive>`;
  let made = 0;
  while (made < count) {
    if (made % 10 === 0 && made + 3 <= count) {
      resources.push(`<group id="g${made}">${[0, 1, 2].map((one) => primitive(made + one)).join("")}</group>`);
      made += 3;
      continue;
    }
    resources.push(primitive(made));
    if (made % 10 === 4) {
      const pair = `r${made}`;
      const before = `r${made - 1}`;
      constraints.push(`<rsc_colocation id="col${made}" rsc="${pair}" with-rsc="${before}" score="INFINITY"/>`);
      constraints.push(`<rsc_order id="ord${made}" first="${before}" then="${pair}"/>`);
    }
    made += 1;
  }
  return { resources: resources.join("\n"), constraints: constraints.join("\n") };
}

function locations(size: Size): string {
  const lines: string[] = [];
  for (let number = 5; number < size.resources; number += 10) {
    lines.push(`<rsc_location id="loc${number}" rsc="r${number}" node="n${(number % size.nodes) + 1}" score="100"/>`);
  }
  return lines.join("\n");
}

const entry = (name: string, operation: string, interval: number, rc: number, expected: number, call: number) =>
  `<lrm_rsc_op id="${name}_${operation === "start" ? "last" : operation}_${interval}" operation_key="${name}_${operation}_${interval}" operation="${operation}" crm_feature_set="3.16.1" ` +
  `transition-key="1:1:${expected}:${KEY}" transition-magic="0:${rc};1:1:${expected}:${KEY}" call-id="${call}" rc-code="${rc}" op-status="0" ` +
  `interval="${interval}" op-digest="${interval === 0 ? DIGEST : "4811cef7f7f94e3a35a70be7916cb2fd"}"/>`;

/** @param where where each resource runs; absent: nothing was started yet @param lost a node that is gone */
export function makeCib(size: Size, where?: ReadonlyMap<string, string>, lost?: string): string {
  const { resources, constraints } = resourcesOf(size.resources);
  const nodes = Array.from({ length: size.nodes }, (_, index) => `n${index + 1}`);
  const states = nodes.map((node, index) => {
    const member = node === lost ? `in_ccm="false" crmd="offline"` : `in_ccm="true" crmd="online"`;
    const history = where === undefined ? "" : historyOf(size, node, where);
    return `<node_state id="${index + 1}" uname="${node}" ${member} join="member" expected="member"><lrm id="${index + 1}"><lrm_resources>${history}</lrm_resources></lrm></node_state>`;
  });
  return `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1" dc-uuid="1">
<configuration><crm_config><cluster_property_set id="opts"><nvpair id="o1" name="stonith-enabled" value="true"/></cluster_property_set></crm_config>
<nodes>${nodes.map((node, index) => `<node id="${index + 1}" uname="${node}"/>`).join("")}</nodes>
<resources><primitive id="fence" class="stonith" type="fence_dummy"/>
${resources}</resources>
<constraints>${constraints}${locations(size)}</constraints></configuration>
<status>${states.join("\n")}</status></cib>
`;
}

function historyOf(size: Size, node: string, where: ReadonlyMap<string, string>): string {
  const lines: string[] = [];
  const names = ["fence", ...Array.from({ length: size.resources }, (_, number) => `r${number}`)];
  for (const [call, name] of names.entries()) {
    const agent = name === "fence" ? `class="stonith" type="fence_dummy"` : CLASS;
    const here = where.get(name) === node;
    const running = entry(name, "start", 0, 0, 0, call * 2 + 5);
    const monitor = name === "fence" ? "" : entry(name, "monitor", 10_000, 0, 0, call * 2 + 6);
    const ops = here ? running + monitor : entry(name, "monitor", 0, 7, 7, call * 2 + 5);
    lines.push(`<lrm_resource id="${name}" ${agent}>${ops}</lrm_resource>`);
  }
  return lines.join("");
}
