import { createHash } from "node:crypto";
import { NOW } from "./oracle.ts";

/**
 * Small CIBs from a few lines:
 *
 *     option NAME=VALUE                      an option of the cluster; fencing is off unless it says otherwise
 *     node NAME [remote] [down|lost|leaving] [NAME=VALUE…] [has:KIND=AMOUNT…]   n1 and n2, up, when there is no such line
 *     attribute NODE NAME=VALUE              one that doesn't outlive the node
 *     ran RESOURCE NODE OPERATION[_MS] [RC[/EXPECTED]] [pending] [id:ID] [digest:…] [restart:…] [secure:…] [timeout:MS] [NAME=VALUE…]
 *     locked RESOURCE NODE SECONDS           waits for its node since so many seconds (shutdown-lock)
 *     <primitive …>, <rsc_order …>, <fencing-level …>, …     go where they belong
 *
 * `digest:a=1,b=2` is the digest of these parameters, `digest:none` none at all, `digest:old` another one.
 */
const SECTIONS: readonly (readonly [RegExp, string])[] = [
  [/^<rsc_/, "constraints"],
  [/^<fencing-level/, "fencing-topology"],
  [/^<tag/, "tags"],
  [/^<ticket_state/, "tickets"],
  [/^<meta_attributes id="rsc/, "rsc_defaults"],
  [/^<meta_attributes id="op/, "op_defaults"],
  [/^</, "resources"],
];

const CAPACITY = "has:";

interface SmallNode {
  readonly id: number;
  readonly name: string;
  readonly remote: boolean;
  readonly state: string;
  readonly attributes: readonly string[];
  readonly capacities: readonly string[];
  readonly transient: string[];
  readonly history: Map<string, string[]>;
  readonly locks: Map<string, number>;
}

export const digestText = (parameters: Readonly<Record<string, string>>) =>
  createHash("md5")
    .update(
      ` <parameters${Object.entries(parameters)
        .toSorted(([left], [right]) => (left < right ? -1 : 1))
        .map(([name, value]) => ` ${name}="${value}"`)
        .join("")}/>\n`,
    )
    .digest("hex");

const pair = (word: string): readonly [string, string] => {
  const at = word.indexOf("=");
  return [word.slice(0, at), word.slice(at + 1)];
};
const nvpair = (owner: string, word: string) => {
  const [name, value] = pair(word);
  return `<nvpair id="${owner}-${name.replace(/[^\w.-]/g, "_")}" name="${name}" value="${value}"/>`;
};

class SmallCib {
  private readonly sections = new Map<string, string[]>();
  private readonly options: string[] = [];
  private readonly nodes: SmallNode[] = [];
  private callId = 0;
  private text = "";

  add(line: string): void {
    const section = SECTIONS.find(([pattern]) => pattern.test(line))?.[1];
    if (section !== undefined) {
      this.sections.set(section, [...(this.sections.get(section) ?? []), line]);
      this.text += line;
      return;
    }
    const [what = "", ...words] = line.split(/\s+/);
    if (what === "option") this.options.push(...words);
    else if (what === "node") this.addNode(words);
    else if (what === "attribute") this.node(words[0] ?? "").transient.push(words[1] ?? "");
    else if (what === "locked") this.lock(words);
    else if (what === "ran") this.addOperation(words);
    else throw new Error(`what is "${line}"?`);
  }

  addNode([name = "", ...words]: readonly string[]): void {
    const states = ["down", "lost", "leaving", "unseen"];
    this.nodes.push({
      id: this.nodes.length + 1,
      name,
      remote: words.includes("remote"),
      state: words.find((word) => states.includes(word)) ?? "up",
      attributes: words.filter((word) => word.includes("=") && !word.startsWith(CAPACITY)),
      capacities: words.filter((word) => word.startsWith(CAPACITY)).map((word) => word.slice(CAPACITY.length)),
      transient: [],
      history: new Map(),
      locks: new Map(),
    });
  }

  private node(name: string): SmallNode {
    if (this.nodes.length === 0) for (const one of ["n1", "n2"]) this.addNode([one]);
    const found = this.nodes.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no node ${name}`);
    return found;
  }

  private lock([resource = "", nodeName = "", seconds = "0"]: readonly string[]): void {
    const node = this.node(nodeName);
    node.locks.set(resource, NOW - Number(seconds));
    if (!node.history.has(resource)) node.history.set(resource, []);
  }

  private addOperation([resource = "", nodeName = "", operation = "", ...words]: readonly string[]): void {
    const history = this.node(nodeName).history;
    const [, task = operation, interval = "0"] = /^(.*)_(\d+)$/.exec(operation) ?? [];
    const [rc = "0", expected = rc] = (words.find((word) => /^\d+(\/\d+)?$/.test(word)) ?? "0").split("/");
    const marked = (mark: string) => words.find((word) => word.startsWith(`${mark}:`))?.slice(mark.length + 1);
    this.callId += 1;
    const pending = words.includes("pending");
    const attributes: Record<string, string> = {
      id: marked("id") ?? (interval === "0" ? `${resource}_last_0` : `${resource}_${task}_${interval}`),
      operation_key: `${resource}_${task}_${interval}`,
      operation: task,
      "crm-debug-origin": "small-cib",
      crm_feature_set: "3.16.1",
      "transition-key": `1:1:${expected}:2668bbeb-06d5-40f9-936d-24cab7f87006`,
      "transition-magic": `0:${rc};1:1:${expected}:2668bbeb-06d5-40f9-936d-24cab7f87006`,
      "call-id": pending ? "-1" : String(this.callId),
      "rc-code": pending ? "193" : rc,
      "op-status": pending ? "-1" : "0",
      interval,
      "last-rc-change": String(NOW - 100 + this.callId),
      ...this.digests(interval, marked),
      ...Object.fromEntries(words.filter((word) => /^[\w-]+=/.test(word)).map(pair)),
    };
    const written = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
    history.set(resource, [...(history.get(resource) ?? []), `<lrm_rsc_op ${written.join(" ")}/>`]);
  }

  private digests(interval: string, marked: (mark: string) => string | undefined): Record<string, string> {
    const timeout: Record<string, string> = interval === "0" ? {} : { CRM_meta_timeout: marked("timeout") ?? "20000" };
    const parameters = (text: string) =>
      Object.fromEntries(
        text
          .split(",")
          .filter((word) => word !== "")
          .map(pair),
      );
    const of = (text: string) =>
      text === "old" ? "0123456789abcdef0123456789abcdef" : digestText({ ...timeout, ...parameters(text) });
    const all = marked("digest") ?? "";
    const restart = marked("restart");
    const secure = marked("secure");
    const names = (mark: string) => ` ${(marked(mark) ?? "").replaceAll(",", " ")} `;
    return {
      ...(all === "none" ? {} : { "op-digest": of(all) }),
      ...(restart === undefined
        ? {}
        : { "op-restart-digest": restart === "old" ? of(restart) : digestText(parameters(restart)) }),
      ...(marked("needs-restart") === undefined ? {} : { "op-force-restart": names("needs-restart") }),
      ...(secure === undefined ? {} : { "op-secure-digest": of(secure), "op-secure-params": names("secret") }),
    };
  }

  toString(): string {
    if (this.nodes.length === 0) this.node("n1");
    const options = this.options.some((one) => one.startsWith("stonith-enabled="))
      ? this.options
      : [...this.options, "stonith-enabled=false"];
    const section = (name: string) => `<${name}>${(this.sections.get(name) ?? []).join("\n")}</${name}>`;
    const present = (name: string) => (this.sections.has(name) ? section(name) : "");
    const members = this.nodes.filter((one) => !one.remote).map((one) => this.nodeText(one));
    return `<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1" dc-uuid="1"><configuration>
<crm_config><cluster_property_set id="cib-bootstrap-options">${options.map((one) => nvpair("o", one)).join("")}</cluster_property_set></crm_config>
<nodes>${members.join("")}</nodes>
${section("resources")}
${section("constraints")}${["fencing-topology", "tags", "rsc_defaults", "op_defaults"].map(present).join("")}
</configuration><status>${present("tickets")}${this.nodes.map((one) => this.stateText(one)).join("\n")}</status></cib>`;
  }

  private nodeText(node: SmallNode): string {
    const own = node.attributes.map((one) => nvpair(`n${node.id}`, one)).join("");
    const room = node.capacities.map((one) => nvpair(`u${node.id}`, one)).join("");
    const utilization = room === "" ? "" : `<utilization id="u${node.id}">${room}</utilization>`;
    return `<node id="${node.id}" uname="${node.name}"><instance_attributes id="n${node.id}">${own}</instance_attributes>${utilization}</node>`;
  }

  private stateText(node: SmallNode): string {
    if (node.state === "unseen") return "";
    const id = node.remote ? node.name : String(node.id);
    const transient = [...node.transient, ...(node.state === "leaving" ? [`shutdown=${NOW - 50}`] : [])];
    const attributes = transient.map((one) => nvpair(`t${node.id}`, one)).join("");
    const resources = [...node.history].map(
      ([name, entries]) =>
        `<lrm_resource id="${name}" ${this.agentOf(name)}${lockOf(node, name)}>${entries.join("")}</lrm_resource>`,
    );
    return `<node_state ${stateWords(node, id)} uname="${node.name}" crm-debug-origin="small-cib"><transient_attributes id="${id}"><instance_attributes id="status-${node.id}">${attributes}</instance_attributes></transient_attributes><lrm id="${id}"><lrm_resources>${resources.join("")}</lrm_resources></lrm></node_state>`;
  }

  private agentOf(resource: string): string {
    const plain = resource.replace(/:\d+$/, "");
    const found = new RegExp(`<primitive [^>]*\\bid="${plain}"[^>]*>`).exec(this.text)?.[0] ?? "";
    const words = ["class", "provider", "type"].flatMap((name) => new RegExp(`${name}="[^"]*"`).exec(found)?.[0] ?? []);
    if (words.length > 0) return words.join(" ");
    if (this.text.includes(`name="remote-node" value="${plain}"`)) return REMOTE;
    return /-(docker|podman)-\d+$/.test(plain) ? containerAgent(plain) : DUMMY;
  }
}

const DUMMY = 'class="ocf" provider="pacemaker" type="Dummy"';
const REMOTE = 'class="ocf" provider="pacemaker" type="remote"';
const containerAgent = (name: string) =>
  `class="ocf" provider="heartbeat" type="${name.includes("-docker-") ? "docker" : "podman"}"`;

function lockOf(node: SmallNode, resource: string): string {
  const since = node.locks.get(resource);
  return since === undefined ? "" : ` shutdown-lock="${since}"`;
}

function stateWords(node: SmallNode, id: string): string {
  if (node.remote) return `remote_node="true" id="${id}" in_ccm="true"`;
  const up = node.state === "up" || node.state === "leaving";
  if (up) return `id="${id}" in_ccm="true" crmd="online" join="member" expected="member"`;
  if (node.state === "lost") return `id="${id}" in_ccm="false" crmd="offline" join="down" expected="member"`;
  return `id="${id}" in_ccm="false" crmd="offline" join="down" expected="down"`;
}

export function smallCib(lines: string): string {
  const cib = new SmallCib();
  const all = lines.split("\n").filter((line) => line.trim() !== "");
  for (const line of all.toSorted(
    (left, right) => Number(right.startsWith("node ")) - Number(left.startsWith("node ")),
  ))
    cib.add(line.trim());
  return cib.toString();
}
