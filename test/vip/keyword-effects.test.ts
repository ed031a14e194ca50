/** Each word of keepalived.conf(5) changes the configuration, or is warned of, or is refused: nothing is lost in silence. */
import { describe } from "bun:test";
import { join } from "node:path";
import { parseKeepalived } from "../../tools/ha-vip/config/keepalived.ts";
import { type DataBlock, option, runDataFiles } from "../support/datadriven.ts";
import { plain } from "./configuration-samples/plain.ts";

/** Where a line stands in a file that is good without it; everything that lines name is defined. */
const PLACES: Readonly<Record<string, readonly [before: string, after: string]>> = {
  global_defs: ["global_defs {", "}"],
  vrrp_sync_group: ["vrrp_sync_group G {\n group {\n VI\n VI2\n }", "}"],
  vrrp_script: ["vrrp_script chk3 {\n script /bin/true", "}"],
  track_file: ["track_file f3 {\n file /run/f3", "}"],
  vrrp_track_process: ["vrrp_track_process p3 {\n process nginx", "}"],
  vrrp_instance: [
    "vrrp_instance VI3 {\n interface eth0\n virtual_router_id 3\n virtual_ipaddress {\n 10.0.0.3\n }",
    "}",
  ],
};
/** Blocks inside an instance. */
const INNER: readonly string[] = ["virtual_ipaddress", "virtual_routes", "virtual_rules", "unicast_peer"];

const REST = `vrrp_script chk {
 script /bin/true
}
track_file f {
 file /run/f
}
vrrp_track_process p {
 process nginx
}
global_defs {
 notify_fifo /run/n.fifo
 vrrp_notify_fifo /run/vn.fifo
}
vrrp_instance VI {
 interface eth0
 virtual_router_id 1
 use_vmac
 virtual_ipaddress {
  10.0.0.1
 }
 track_script {
  chk
 }
}
vrrp_instance VI2 {
 virtual_router_id 2
 interface eth1
 virtual_ipaddress {
  fd00::2
 }
}
vrrp_instance VI4 {
 virtual_router_id 4
 interface eth1
 virtual_ipaddress {
  10.0.0.4
 }
}
`;

/** Words that say what is so without them: the default, or what every router here does. */
const ALREADY: Readonly<Record<string, string>> = {
  "state MASTER": "every router listens first, whatever its state is called",
  "state BACKUP": "every router listens first, whatever its state is called",
  "vrrp_strict off": "the default",
  "strict_mode off": "the default",
  preempt: "the default",
  "default_interface eth7": "every router here names its own",
  "authentication { auth_type PASS }": "a type without a password",
  vmac_xmit_base: "there is no macvlan here",
  "weight -77 noreverse": "as without the second word",
  "10.0.0.77 brd -": "the default",
  "10.0.0.77 -nodad": "duplicates are asked for by the router itself",
  "10.7.0.0/16 dev eth3 no_track": "a route that somebody deletes is left alone",
  "from 10.7.0.0/16 table 7 no_track": "a rule that somebody deletes is left alone",
};

/** `a { b; c }` on one line, as the lines of a file. */
function linesOf(text: string): string {
  return text.replaceAll(/; |(?<=\{) | (?=\})/g, "\n");
}

function fileWith(place: string, line: string): string {
  if (place === "top") return `${linesOf(line)}\n${REST}`;
  const inner = INNER.includes(place);
  const [before = "", after = ""] = PLACES[inner ? "vrrp_instance" : place] ?? [];
  const text = inner ? `${place} {\n${line}\n}` : linesOf(line);
  return `${before}\n${text}\n${after}\n${REST}`;
}

function read(text: string): ReturnType<typeof parseKeepalived> {
  return parseKeepalived("k.conf", text, {
    include: () => [{ file: "other.conf", text: "vrrp_script other {\n script /x\n}\n" }],
  });
}

/** What has become of one line. */
function effect(place: string, line: string): string {
  const file = fileWith(place, line);
  const result = read(file);
  const first = file.split("\n").indexOf(linesOf(line).split("\n")[0] ?? "") + 1;
  const last = first + linesOf(line).split("\n").length - 1;
  const facts = result.ok ? result.warnings : result.problems;
  const here = facts.filter((fact) => fact.at !== undefined && fact.at.line >= first && fact.at.line <= last);
  const codes = [...new Set((here.length > 0 ? here : facts).map((fact) => fact.code.replace("VIP_CONF_", "")))].join(
    " ",
  );
  if (!result.ok) return `refused (${codes})`;
  // The words that a line is compared with: its block without it, or with the first words of it alone.
  const shorter = read(fileWith(place, INNER.includes(place) ? plainLine(line) : ""));
  const without = shorter.ok ? shorter : read(fileWith(place, ""));
  if (!without.ok) throw new Error(`${place} isn't good without ${line}`);
  const changed = JSON.stringify(plain(result.value)) !== JSON.stringify(plain(without.value));
  if (changed) return here.length > 0 ? `honoured, warned (${codes})` : "honoured";
  if (here.length > 0) return `warned (${codes})`;
  const why = ALREADY[line];
  return why === undefined ? "SILENT" : `as it is: ${why}`;
}

/** A line of addresses, routes or rules without its last option, so that the option's own effect is seen. */
function plainLine(line: string): string {
  const words = line.split(" ");
  if (words.length === 1) return "";
  return ["no_track", "-nodad", "inet6", "noprefixroute", "onlink"].includes(words.at(-1) ?? "")
    ? words.slice(0, -1).join(" ")
    : words.slice(0, -2).join(" ");
}

describe("every word of keepalived.conf", () => {
  runDataFiles(join(import.meta.dir, "..", "cases", "vip", "keepalived-words"), () => (block: DataBlock) => {
    const place = option(block, "in") ?? "";
    const found = block.input.split("\n").map((line) => [line, effect(place, line)] as const);
    const silent = found.filter(([, what]) => what === "SILENT").map(([line]) => line);
    if (silent.length > 0) throw new Error(`${place} takes in silence: ${silent.join(" | ")}`);
    return found.map(([line, what]) => `${line}: ${what}`).join("\n");
  });
});
