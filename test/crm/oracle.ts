import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childNamed, parseXml, type XmlElement } from "../../tools/ha-crm/config/xml.ts";
import type { Placement } from "../../tools/ha-crm/decide/placement.ts";

/** What a scheduler says about one CIB, in a form that two can be compared in. */
export interface Verdict {
  readonly placement: Readonly<Record<string, readonly string[]>>;
  /** `db start n1`, without ordering points and instance numbers, sorted. */
  readonly actions: readonly string[];
}

export type OracleAnswer = { readonly verdict: Verdict } | { readonly refused: string };

/** The moment that all runs take place at: histories and rules are relative to it. */
export const NOW = 1_700_000_000;

const stripInstance = (id: string) => id.replace(/:\d+$/, "");

let folder: string | undefined;
function scratch(): string {
  if (folder === undefined) {
    folder = mkdtempSync(join(tmpdir(), "crm-oracle-"));
    mkdirSync(join(folder, "shadow"));
  }
  return folder;
}

/** Removes what the oracle was asked with; the next question makes it anew. */
export function forgetQuestions(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
}

/** Environment of the oracle: nothing of it shall touch the machine's own cluster files. */
function environment(): Record<string, string> {
  return {
    PATH: `/usr/sbin:/usr/bin:/sbin:/bin`,
    CIB_shadow_dir: join(scratch(), "shadow"),
    HOME: scratch(),
    TZ: "UTC",
  };
}

let remembered: string | undefined;

/** Keeps the oracle's answers in a folder: asking again for the same CIB costs nothing then. */
export function rememberAnswers(path: string): void {
  mkdirSync(path, { recursive: true });
  remembered = path;
}

export async function askOracle(xml: string, lane: number, extra: readonly string[] = []): Promise<OracleAnswer> {
  if (remembered === undefined) return await runOracle(xml, lane, extra);
  const key = createHash("sha256")
    .update(JSON.stringify([xml, extra]))
    .digest("hex");
  const file = join(remembered, `${key}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as OracleAnswer;
  const answer = await runOracle(xml, lane, extra);
  writeFileSync(file, JSON.stringify(answer));
  return answer;
}

async function runOracle(xml: string, lane: number, extra: readonly string[]): Promise<OracleAnswer> {
  const file = join(scratch(), `cib-${lane}.xml`);
  writeFileSync(file, xml);
  const date = new Date(NOW * 1000).toISOString().replace("T", " ").replace(".000Z", "Z");
  const child = Bun.spawn(["crm_simulate", "-S", "-x", file, "--output-as", "xml", "-t", date, ...extra], {
    stdout: "pipe",
    stderr: "pipe",
    env: environment(),
  });
  const [out, error] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const code = await child.exited;
  if (code !== 0) return { refused: `exit ${code}: ${`${error}${out}`.slice(0, 300)}` };
  if (/invalid transition/i.test(error + out)) return { refused: "invalid transition" };
  return { verdict: readVerdict(out) };
}

function readVerdict(text: string): Verdict {
  const document = parseXml("oracle", text);
  if (!document.ok) throw new Error(`the oracle's answer is no XML: ${text.slice(0, 200)}`);
  const root = document.value.root;
  const placement = new Map<string, string[]>();
  for (const element of descendants(childNamed(root, "revised_cluster_status"), "resource")) {
    const id = stripInstance(element.attributes.get("id") ?? "");
    const list = placement.get(id) ?? [];
    placement.set(id, list);
    for (const node of element.children) {
      if (node.name === "node") list.push(`${node.attributes.get("name")} ${element.attributes.get("role")}`);
    }
  }
  const actions: string[] = [];
  for (const element of childNamed(root, "transition")?.children ?? []) {
    const word = actionWord(element);
    if (word !== undefined) actions.push(word);
  }
  return {
    placement: Object.fromEntries(
      [...placement].filter(([, list]) => list.length > 0).map(([id, list]) => [id, list.toSorted()]),
    ),
    actions: actions.toSorted(),
  };
}

function actionWord(element: XmlElement): string | undefined {
  const get = (name: string) => element.attributes.get(name) ?? "";
  switch (element.name) {
    case "rsc_action": {
      const interval = get("interval");
      return `${stripInstance(get("resource"))} ${get("op")}${interval === "" ? "" : `=${interval}`} ${get("node")}`;
    }
    case "pseudo_action":
      return undefined;
    case "fencing_action":
      return `fence ${get("op")} ${get("target")}`;
    case "cluster_action":
      return `${stripInstance(get("id"))} ${get("task")} ${get("node")}`.trim();
    default:
      return `${element.name} ${JSON.stringify(Object.fromEntries(element.attributes))}`;
  }
}

function descendants(element: XmlElement | undefined, name: string): XmlElement[] {
  if (element === undefined) return [];
  return element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...descendants(child, name)]);
}

/** Our own placement in the same form. */
export function placementWords(placement: Placement): Verdict["placement"] {
  return Object.fromEntries(
    Object.entries(placement)
      .filter(([, list]) => list.length > 0)
      .map(([id, list]) => [id, list.map((one) => `${one.node} ${one.role}`).toSorted()]),
  );
}
