import type { Output } from "../../../shared/cli/output.ts";
import { EXIT, type ExitCode } from "../../../shared/model/exit-codes.ts";
import { type Catalogue, describe, type Problem, reason, type Reason } from "../../../shared/reason/catalogue.ts";
import { textReasons } from "../../../shared/reason/text-reasons.ts";
import { makeSource, type Source } from "../../../shared/text/source.ts";
import { parseCib } from "../config/cib/read.ts";
import { readCrmSection } from "../config/ha-yaml/read.ts";
import type { Cluster } from "../model/cluster.ts";
import { lostOptions } from "../model/lost-options.ts";
import { pcsReasons } from "../model/pcs-reasons.ts";
import { crmReasons } from "../model/reasons.ts";
import type { ClusterState } from "../model/state.ts";
import { readText } from "./read-file.ts";

const CATALOGUE: Catalogue = { ...textReasons, ...crmReasons, ...pcsReasons };

export function inWords(facts: readonly Reason[]): readonly Problem[] {
  return facts.map((fact) => describe(CATALOGUE, fact));
}

/** A configuration from a CIB or from ha.yaml, with the status that a CIB has. */
export interface Loaded {
  readonly cluster: Cluster;
  readonly state: ClusterState;
  readonly source: Source;
  /** Attributes of a CIB's root; empty for ha.yaml. */
  readonly header: Readonly<Record<string, string>>;
  readonly format: "cib" | "ha.yaml";
  readonly warnings: readonly Reason[];
}

const NO_STATE: ClusterState = { quorate: true, nodes: [], tickets: [] };

/** Reads a file, packed or not, or standard input for `-`; a CIB begins with `<`, everything else is ha.yaml. Problems are shown. */
export function loadConfiguration(file: string, out: Output): Loaded | ExitCode {
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return out.problems(inWords([reason(crmReasons, "CRM_SIM_FILE", { file, detail })]), EXIT.error);
  }
  const source = makeSource(file, text);
  if (/^\uFEFF?\s*</.test(text)) {
    const read = parseCib(file, text);
    if (!read.ok) return out.problems(inWords(read.problems), EXIT.configuration, [source]);
    const { cluster, state, header } = read.value;
    const warnings = [...read.warnings, ...lostOptions(cluster)];
    return { cluster, state, source, header, format: "cib", warnings };
  }
  const read = readCrmSection(source);
  if (!read.ok) return out.problems(inWords(read.problems), EXIT.configuration, [source]);
  const warnings = [...read.warnings, ...lostOptions(read.value)];
  return { cluster: read.value, state: NO_STATE, source, header: {}, format: "ha.yaml", warnings };
}
