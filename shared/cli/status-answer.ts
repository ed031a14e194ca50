import type { Attention, ServiceState, ServiceStatus, StatusReport } from "../model/status.ts";
import { roundDuration } from "../text/duration.ts";
import { paint } from "../text/render-problem.ts";
import type { NagiosState } from "./exit-codes.ts";
import type { Answer, OutputStyle } from "./output.ts";
import type { CellTone, CellValue } from "./table.ts";

const STATE_TONE: Readonly<Record<ServiceState, CellTone>> = {
  up: "good",
  moved: "warning",
  starting: "warning",
  stopping: "warning",
  degraded: "bad",
  down: "bad",
  unknown: "bad",
};

const STATE_NAGIOS: Readonly<Record<ServiceState, NagiosState>> = {
  up: "OK",
  moved: "OK",
  starting: "WARNING",
  stopping: "WARNING",
  degraded: "WARNING",
  down: "CRITICAL",
  unknown: "UNKNOWN",
};
/** From harmless to worst; what is down is worse than what we don't know. */
const NAGIOS_ORDER: readonly NagiosState[] = ["OK", "UNKNOWN", "WARNING", "CRITICAL"];

const SEVERITY_NAGIOS: Readonly<Record<Attention["severity"], NagiosState>> = {
  info: "OK",
  notice: "OK",
  warning: "WARNING",
  error: "CRITICAL",
  critical: "CRITICAL",
};

function toneOf(value: CellValue): CellTone {
  return STATE_TONE[value as ServiceState] ?? "plain";
}

function row(service: ServiceStatus, nowMs: number): Readonly<Record<string, CellValue>> {
  const since = service.sinceMs === undefined ? null : roundDuration(Math.max(0, nowMs - service.sinceMs));
  const here = [service.here.state, service.here.text ?? ""].filter((part) => part !== "").join(" ");
  return {
    service: service.name,
    kind: service.kind,
    state: service.state,
    here,
    since,
    detail: service.detail ?? null,
  };
}

/** The worst of all services and attention items, with the words for it. */
export function nagiosOf(report: StatusReport): { readonly state: NagiosState; readonly text: string } {
  const findings = [
    ...report.services.map((service) => ({
      state: STATE_NAGIOS[service.state],
      text: `${service.name} is ${service.state}`,
    })),
    ...report.attention.map((item) => ({
      state: SEVERITY_NAGIOS[item.severity],
      text: `${item.subject}: ${item.sentence}`,
    })),
  ].filter((finding) => finding.state !== "OK");
  const worst = findings.reduce<NagiosState>(
    (found, { state }) => (NAGIOS_ORDER.indexOf(state) > NAGIOS_ORDER.indexOf(found) ? state : found),
    "OK",
  );
  const sorted = findings.toSorted((a, b) => NAGIOS_ORDER.indexOf(b.state) - NAGIOS_ORDER.indexOf(a.state));
  const text =
    sorted.length === 0 ? `${report.services.length} services up` : sorted.map((finding) => finding.text).join(", ");
  return { state: worst, text };
}

function attentionText(items: readonly Attention[], style: OutputStyle): string {
  const lines = items.flatMap((item) => {
    const grave = item.severity === "error" || item.severity === "critical";
    const head = paint(style.colour, grave ? "red" : "yellow", `${item.severity}:`);
    return [`${head} ${item.subject}: ${item.sentence}`, ...(item.fix === undefined ? [] : [`  fix: ${item.fix}`])];
  });
  return lines.length === 0 ? "" : `\n${lines.join("\n")}\n`;
}

/** The answer of the verb `status`, the same in every tool. */
export function statusAnswer(report: StatusReport, style: OutputStyle): Answer {
  const up = report.services.filter((service) => service.state === "up" || service.state === "moved").length;
  return {
    json: report,
    table: {
      columns: [
        { key: "service" },
        { key: "kind" },
        { key: "state", tone: toneOf },
        { key: "here" },
        { key: "since", align: "right" },
        { key: "detail" },
      ],
      rows: report.services.map((service) => row(service, report.sampledAtMs)),
      whenEmpty: "no services are configured",
    },
    text: attentionText(report.attention, style),
    nagios: {
      ...nagiosOf(report),
      perfdata: [
        { label: "up", value: up, min: 0, max: report.services.length },
        { label: "attention", value: report.attention.length, min: 0 },
      ],
    },
  };
}
