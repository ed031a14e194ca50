import type {
  Attention,
  CellState,
  ServiceState,
  ServiceStatus,
  StatusEvent,
  StatusReport,
} from "../../shared/model/status.ts";

/** What the monitor last heard from one host. */
export interface HostSample {
  readonly host: string;
  /** The newest report of each tool that answers there. */
  readonly reports: readonly StatusReport[];
  /** Monotonic ms of the newest answer, or undefined when none ever came. */
  readonly heardAtMs: number | undefined;
  /** Why it doesn't answer, when it doesn't. */
  readonly problem?: string;
}

export interface NodeRow {
  readonly host: string;
  readonly state: "online" | "silent";
  readonly tools: readonly string[];
  readonly ageMs: number | undefined;
  readonly configuration: string;
}

export interface ServiceRow {
  readonly name: string;
  readonly kind: ServiceStatus["kind"];
  readonly state: ServiceState;
  /** One cell a host, in the order of the nodes. */
  readonly cells: readonly { readonly state: CellState; readonly text: string }[];
  readonly detail: string;
}

export interface AttentionRow extends Attention {
  readonly host: string;
}

export interface EventRow extends StatusEvent {
  readonly host: string;
  readonly tool: string;
}

/** Everything that the main screen shows, joined over hosts and sorted worst first. */
export interface ClusterView {
  readonly state: "ok" | "degraded" | "down" | "silent";
  readonly nodes: readonly NodeRow[];
  readonly services: readonly ServiceRow[];
  readonly attention: readonly AttentionRow[];
  readonly events: readonly EventRow[];
  readonly servicesUp: number;
  /** Age of the oldest data that the screen shows as current. */
  readonly ageMs: number;
}

/** A host that hasn't answered for this long is shown as silent, and its cells as unknown. */
export const SILENT_AFTER_MS = 2_000;

const WORST_FIRST: readonly ServiceState[] = ["down", "degraded", "unknown", "stopping", "starting", "moved", "up"];
const SEVERITY_ORDER = ["critical", "error", "warning", "notice", "info"] as const;

function isSilent(sample: HostSample, nowMs: number): boolean {
  return sample.heardAtMs === undefined || nowMs - sample.heardAtMs > SILENT_AFTER_MS;
}

function nodeRow(sample: HostSample, nowMs: number): NodeRow {
  return {
    host: sample.host,
    state: isSilent(sample, nowMs) ? "silent" : "online",
    tools: sample.reports.map((report) => report.tool.replace(/^ha-/, "")),
    ageMs: sample.heardAtMs === undefined ? undefined : nowMs - sample.heardAtMs,
    configuration: sample.reports[0]?.configuration ?? "",
  };
}

/**
 * The state of a floating address over all hosts: up with exactly one owner. Two owners is worse than none,
 * because packets then go to either; it is shown as degraded with the hosts named.
 */
function joinVip(copies: readonly ServiceStatus[]): { readonly state: ServiceState; readonly detail?: string } {
  const owners = copies.filter((copy) => copy.here.state === "active").length;
  if (owners === 1) return { state: "up" };
  if (owners === 0) return { state: "down", detail: "no host holds it" };
  return { state: "degraded", detail: `${owners} hosts hold it` };
}

/** A service that every host runs by itself is up while one host serves, degraded when one of them doesn't. */
function joinActive(copies: readonly ServiceStatus[]): { readonly state: ServiceState; readonly detail?: string } {
  const up = copies.filter((copy) => copy.state === "up").length;
  if (up === copies.length) return { state: "up" };
  return { state: up > 0 || copies.some((copy) => copy.state === "degraded") ? "degraded" : "down" };
}

function serviceRow(name: string, samples: readonly HostSample[], nowMs: number): ServiceRow {
  const heard: ServiceStatus[] = [];
  const cells = samples.map((sample) => {
    const found = sample.reports.flatMap((report) => report.services).find((service) => service.name === name);
    if (isSilent(sample, nowMs)) return { state: "unknown" as const, text: "" };
    if (found === undefined) return { state: "absent" as const, text: "" };
    heard.push(found);
    return { state: found.here.state, text: found.here.text ?? "" };
  });
  const known = samples.flatMap((sample) => sample.reports.flatMap((report) => report.services));
  const kind = known.find((service) => service.name === name)?.kind ?? "app";
  if (heard.length === 0) return { name, kind, state: "unknown", cells, detail: "no host answers" };
  const joined = kind === "vip" ? joinVip(heard) : joinActive(heard);
  const details = [...new Set(heard.map((service) => service.detail ?? "").filter((text) => text !== ""))];
  return { name, kind, state: joined.state, cells, detail: joined.detail ?? details.join(" · ") };
}

function attentionRows(samples: readonly HostSample[], nowMs: number): AttentionRow[] {
  const rows: AttentionRow[] = [];
  for (const sample of samples) {
    if (isSilent(sample, nowMs)) {
      rows.push({
        host: sample.host,
        code: "MON_HOST_SILENT",
        severity: "error",
        subject: sample.host,
        sentence: sample.problem ?? "doesn't answer",
      });
    }
    for (const report of sample.reports) {
      for (const item of report.attention) rows.push({ ...item, host: sample.host });
    }
  }
  return rows.sort(
    (left, right) =>
      SEVERITY_ORDER.indexOf(left.severity) - SEVERITY_ORDER.indexOf(right.severity) ||
      (right.sinceMs ?? 0) - (left.sinceMs ?? 0),
  );
}

function overallState(nodes: readonly NodeRow[], services: readonly ServiceRow[]): ClusterView["state"] {
  if (nodes.every((node) => node.state === "silent")) return "silent";
  if (services.some((service) => service.state === "down")) return "down";
  const allUp = services.every((service) => service.state === "up" || service.state === "moved");
  return allUp && nodes.every((node) => node.state === "online") ? "ok" : "degraded";
}

/** Joins what the hosts said into one picture. `nowMs` is the same monotonic clock as `heardAtMs`. */
export function joinCluster(samples: readonly HostSample[], nowMs: number): ClusterView {
  const names = new Set<string>();
  for (const sample of samples) {
    for (const report of sample.reports) for (const service of report.services) names.add(service.name);
  }
  const services = [...names]
    .map((name) => serviceRow(name, samples, nowMs))
    .sort(
      (left, right) =>
        WORST_FIRST.indexOf(left.state) - WORST_FIRST.indexOf(right.state) || (left.name < right.name ? -1 : 1),
    );
  const nodes = samples.map((sample) => nodeRow(sample, nowMs));
  const events = samples
    .flatMap((sample) =>
      sample.reports.flatMap((report) =>
        report.events.map((event) => ({ ...event, host: sample.host, tool: report.tool.replace(/^ha-/, "") })),
      ),
    )
    .sort((left, right) => right.atMs - left.atMs);
  const ages = nodes.filter((node) => node.state === "online").map((node) => node.ageMs ?? 0);
  return {
    state: overallState(nodes, services),
    nodes,
    services,
    attention: attentionRows(samples, nowMs),
    events,
    servicesUp: services.filter((service) => service.state === "up" || service.state === "moved").length,
    ageMs: ages.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...ages),
  };
}
