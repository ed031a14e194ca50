import type { NagiosState } from "./exit-codes.ts";

/** One measured value; `warn` and `crit` are Nagios ranges (`10`, `@1:5`, `~:3`). */
export interface PerfDatum {
  readonly label: string;
  readonly value: number;
  readonly unit?: "" | "s" | "ms" | "us" | "%" | "B" | "KB" | "MB" | "GB" | "c";
  readonly warn?: string;
  readonly crit?: string;
  readonly min?: number;
  readonly max?: number;
}

export interface NagiosReport {
  readonly state: NagiosState;
  readonly text: string;
  readonly perfdata?: readonly PerfDatum[];
}

function renderDatum(datum: PerfDatum): string {
  // Quotes are doubled and "=" is not allowed in a label (Nagios plugin development guidelines, "performance data").
  const plain = datum.label.replaceAll("=", "_").replaceAll("'", "''");
  const label = /[\s']/.test(datum.label) ? `'${plain}'` : plain;
  const fields = [
    `${datum.value}${datum.unit ?? ""}`,
    datum.warn ?? "",
    datum.crit ?? "",
    datum.min === undefined ? "" : String(datum.min),
    datum.max === undefined ? "" : String(datum.max),
  ];
  return `${label}=${fields.join(";").replace(/;+$/, "")}`;
}

/** `VIP OK: 10.0.0.100 is on node1 | up=1 failed=0`: one line; a `|` in the text would start perfdata, so it goes. */
export function renderNagios(service: string, report: NagiosReport): string {
  const text = report.text.replace(/[\r\n]+/g, " ").replaceAll("|", "/");
  const perfdata = (report.perfdata ?? []).map(renderDatum).join(" ");
  return `${service} ${report.state}: ${text}${perfdata === "" ? "" : ` | ${perfdata}`}\n`;
}
