import type { CellState, ServiceState } from "../../shared/model/status.ts";
import { displayWidth } from "../../shared/text/width.ts";
import type { ClusterView, ServiceRow } from "./cluster.ts";
import { KEYS, helpBar } from "./keys.ts";
import {
  clip,
  fit,
  type Line,
  plainText,
  type Segment,
  segment,
  type Symbol,
  symbol,
  type Tone,
  toAscii,
} from "./line.ts";

/** What the operator set on the screen. */
export interface ScreenState {
  readonly columns: number;
  readonly rows: number;
  readonly ascii: boolean;
  readonly selected: number;
  readonly faultsOnly: boolean;
  readonly frozen: boolean;
  readonly help: boolean;
  /** Which list gets the room that is left. */
  readonly focus: "services" | "events";
}

export interface ScreenHead {
  readonly cluster: string;
  /** The wall clock as the operator reads it. */
  readonly clock: string;
}

/** Older than this, the screen says so and is dimmed: an operator must never act on a stale picture. */
export const STALE_AFTER_MS = 3_000;

const STATE_LOOK: Readonly<Record<ServiceState, readonly [Symbol, Tone]>> = {
  up: ["good", "good"],
  moved: ["warn", "warn"],
  starting: ["busy", "accent"],
  stopping: ["busy", "accent"],
  degraded: ["warn", "warn"],
  down: ["bad", "bad"],
  unknown: ["unknown", "dim"],
};

const CELL_LOOK: Readonly<Record<CellState, readonly [Symbol, Tone]>> = {
  active: ["active", "good"],
  standby: ["standby", "plain"],
  failed: ["bad", "bad"],
  maintenance: ["busy", "accent"],
  absent: ["absent", "dim"],
  unknown: ["unknown", "dim"],
};

const OVERALL: Readonly<Record<ClusterView["state"], readonly [string, Tone]>> = {
  ok: ["OK", "good"],
  degraded: ["DEGRADED", "warn"],
  down: ["DOWN", "bad"],
  silent: ["NO ANSWER", "bad"],
};

function rule(title: string, state: ScreenState): Line {
  const dash = symbol("rule", state.ascii);
  const head = title === "" ? "" : `${dash} ${title} `;
  return { segments: [segment(head + dash.repeat(Math.max(0, state.columns - displayWidth(head))), "dim")] };
}

function headLine(view: ClusterView, head: ScreenHead, state: ScreenState): Line {
  const [word, tone] = OVERALL[view.state];
  const online = view.nodes.filter((node) => node.state === "online").length;
  const left: Segment[] = [
    segment(` ${head.cluster}  `, "title"),
    segment(`${symbol("active", state.ascii)} ${word}`, tone),
    segment(
      `  ${view.servicesUp} of ${view.services.length} services up   ${online} of ${view.nodes.length} hosts answer`,
    ),
  ];
  const stale = view.ageMs > STALE_AFTER_MS;
  const age = stale && Number.isFinite(view.ageMs) ? `STALE ${Math.round(view.ageMs / 1000)} s  ` : "";
  const right = `${state.frozen ? "FROZEN  " : age}${head.clock}  ? help`;
  const used = left.reduce((sum, part) => sum + displayWidth(part.text), 0);
  const gap = Math.max(1, state.columns - used - displayWidth(right));
  return { segments: [...left, segment(" ".repeat(gap)), segment(right, stale || state.frozen ? "warn" : "dim")] };
}

function attentionLines(view: ClusterView, state: ScreenState, limit: number): Line[] {
  if (view.attention.length === 0) return [];
  const lines = view.attention.slice(0, limit).map((item): Line => {
    const bad = item.severity === "critical" || item.severity === "error";
    return {
      segments: [
        segment(`  ${symbol(bad ? "bad" : "warn", state.ascii)} `, bad ? "bad" : "warn"),
        segment(`${fit(item.subject, 16)} `, "title"),
        segment(`${item.host}: ${item.sentence}`),
        segment(item.fix === undefined ? "" : `  ${item.fix}`, "dim"),
      ],
    };
  });
  return [rule(`ATTENTION ${view.attention.length}`, state), ...lines];
}

function nodeLines(view: ClusterView, state: ScreenState): Line[] {
  const lines: Line[] = [
    rule("NODES", state),
    {
      segments: [
        segment(`  ${fit("NODE", 14)} ${fit("STATE", 10)} ${fit("ANSWERED", 10)} ${fit("TOOLS", 20)} CONFIG`, "dim"),
      ],
    },
  ];
  for (const node of view.nodes) {
    const online = node.state === "online";
    const age = node.ageMs === undefined ? "never" : `${(node.ageMs / 1000).toFixed(1)} s ago`;
    lines.push({
      segments: [
        segment(`  ${fit(node.host, 14)} `),
        segment(`${symbol(online ? "good" : "bad", state.ascii)} ${fit(node.state, 8)} `, online ? "good" : "bad"),
        segment(`${fit(age, 10)} ${fit(node.tools.join(" "), 20)} `),
        segment(node.configuration, "dim"),
      ],
    });
  }
  return lines;
}

const NAME_CELLS = 22;
const KIND_CELLS = 5;
const STATE_CELLS = 11;
const HOST_CELLS = 13;

function serviceLine(row: ServiceRow, selected: boolean, state: ScreenState): Line {
  const [mark, tone] = STATE_LOOK[row.state];
  const cells = row.cells.flatMap((cell): Segment[] => {
    const [sign, cellTone] = CELL_LOOK[cell.state];
    return [segment(`${fit(`${symbol(sign, state.ascii)} ${cell.text}`, HOST_CELLS)} `, cellTone)];
  });
  return {
    selected,
    segments: [
      segment(selected ? `${symbol("cursor", state.ascii)} ` : "  ", "accent"),
      segment(`${fit(row.name, NAME_CELLS)} `, "title"),
      segment(`${fit(row.kind, KIND_CELLS)} `),
      segment(`${fit(`${symbol(mark, state.ascii)} ${row.state}`, STATE_CELLS)} `, tone),
      ...cells,
      segment(row.detail, "dim"),
    ],
  };
}

/** The rows that the cursor moves over. */
export function visibleServices(view: ClusterView, state: Pick<ScreenState, "faultsOnly">): readonly ServiceRow[] {
  return state.faultsOnly ? view.services.filter((row) => row.state !== "up") : view.services;
}

function serviceLines(view: ClusterView, state: ScreenState, limit: number): Line[] {
  const rows = visibleServices(view, state);
  const names = view.nodes.map((node) => fit(node.host, HOST_CELLS)).join(" ");
  const header = `  ${fit("SERVICE", NAME_CELLS)} ${fit("KIND", KIND_CELLS)} ${fit("STATE", STATE_CELLS)} ${names} DETAIL`;
  const title = state.faultsOnly ? `SERVICES with faults, ${rows.length} of ${view.services.length}` : "SERVICES";
  // The cursor stays in sight: the window slides only as far as it must.
  const first = Math.max(0, Math.min(state.selected - limit + 1, rows.length - limit));
  const shown = rows.slice(first, first + limit);
  const lines = shown.map((row, index) => serviceLine(row, first + index === state.selected, state));
  const hidden = rows.length - shown.length;
  const note = hidden > 0 ? `${title}  ${first + 1}-${first + shown.length} of ${rows.length}` : title;
  return [rule(note, state), { segments: [segment(header, "dim")] }, ...lines];
}

function clockOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(11, 23);
}

function eventLines(view: ClusterView, state: ScreenState, limit: number): Line[] {
  const lines = view.events.slice(0, limit).map((event): Line => {
    const bad = event.severity === "critical" || event.severity === "error";
    const tone: Tone = bad ? "bad" : event.severity === "warning" ? "warn" : "plain";
    return {
      segments: [
        segment(`  ${clockOf(event.atMs)}  `, "dim"),
        segment(`${fit(`${event.host} ${event.tool}`, 14)} `),
        segment(event.sentence, tone),
      ],
    };
  });
  return [rule("EVENTS", state), ...lines];
}

/** The page behind `?`: every key of this view. */
function helpLines(state: ScreenState): Line[] {
  return [
    rule("KEYS", state),
    ...KEYS.map((key): Line => ({ segments: [segment(`  ${fit(key.label, 10)}`, "accent"), segment(key.text)] })),
    { segments: [segment("  Nothing here changes the cluster.", "dim")] },
  ];
}

/** How the rows below the nodes are shared between services and events. */
function shareRows(left: number, services: number, state: ScreenState): readonly [number, number] {
  const overhead = 3; // two rules and the header of the services
  const free = Math.max(2, left - overhead);
  if (state.focus === "events") {
    const forServices = Math.min(services, Math.max(1, Math.floor(free / 3)));
    return [forServices, free - forServices];
  }
  const forServices = Math.min(services, Math.max(1, free - Math.min(4, Math.floor(free / 3))));
  return [forServices, Math.max(1, free - forServices)];
}

/**
 * The main screen as rows of text. Pure: the same view and state give the same rows.
 * Order: is service reaching users, is it safe, what changed, how fresh is this.
 */
export function renderScreen(view: ClusterView, head: ScreenHead, state: ScreenState): Line[] {
  const foot: Line[] = [rule("", state), { segments: [segment(` ${helpBar()}`, "dim")] }];
  const body: Line[] = [
    headLine(view, head, state),
    ...attentionLines(view, state, Math.max(2, Math.floor(state.rows / 5))),
  ];
  if (state.help) body.push(...helpLines(state));
  else {
    body.push(...nodeLines(view, state));
    const left = state.rows - body.length - foot.length;
    const [services, events] = shareRows(left, visibleServices(view, state).length, state);
    body.push(...serviceLines(view, state, services), ...eventLines(view, state, events));
  }
  const fitted = body.slice(0, Math.max(1, state.rows - foot.length));
  return [...fitted, ...foot].map((line) => finish(line, state, view));
}

function finish(line: Line, state: ScreenState, view: ClusterView): Line {
  const clipped = clip(line, state.columns);
  const stale = view.ageMs > STALE_AFTER_MS;
  const segments = clipped.segments.map((part) => ({
    text: state.ascii ? toAscii(part.text) : part.text,
    tone: stale && part.tone === "plain" ? ("dim" as const) : part.tone,
  }));
  return clip({ ...clipped, segments }, state.columns);
}

/** The screen for `-1`: no cursor, no help bar, no rows but those with content. */
export function renderOnce(view: ClusterView, head: ScreenHead, ascii: boolean): string {
  const columns = 200;
  const state: ScreenState = {
    columns,
    rows: 10_000,
    ascii,
    selected: -1,
    faultsOnly: false,
    frozen: false,
    help: false,
    focus: "services",
  };
  const lines = renderScreen(view, head, state).slice(0, -2);
  return `${lines
    .map((line) =>
      plainText(line)
        .replace(/[─-]{20,}$/, "")
        .trimEnd(),
    )
    .join("\n")}\n`;
}
