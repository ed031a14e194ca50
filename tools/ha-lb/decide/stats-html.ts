/** The status page. Pure: rows in, one HTML text out. */
import type { StatsRow } from "../model/stats-row.ts";

export interface StatsPageFacts {
  readonly title: string;
  readonly description: string;
  /** Empty when it shall not be told. */
  readonly version: string;
  readonly processId: number;
  readonly upSeconds: number;
  readonly connections: number;
  readonly administrable: boolean;
  readonly uri: string;
  readonly refreshSeconds: number | undefined;
}

const STYLE = `body{font:14px sans-serif;margin:1.5em}table{border-collapse:collapse;margin:0 0 1.5em}
th,td{border:1px solid #bbb;padding:2px 7px;text-align:right}th{background:#eee}td:first-child{text-align:left}
.up{background:#d4f7d4}.down{background:#f9c9c9}.going{background:#fdf1c0}.maint{background:#e5d8b4}.none{background:#eee}
h2{margin:0 0 .3em;font-size:1.1em}`;

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

function colour(status: string): string {
  if (status.startsWith("UP ") || status.startsWith("DOWN ") || status === "NOLB" || status === "DRAIN") return "going";
  if (status.startsWith("UP") || status === "OPEN") return "up";
  if (status.startsWith("DOWN")) return "down";
  return status.startsWith("MAINT") ? "maint" : "none";
}

const HEADINGS = [
  "",
  "Queue",
  "Rate",
  "Sessions",
  "Max",
  "Total",
  "In",
  "Out",
  "Errors",
  "Retries",
  "Status",
  "Check",
  "Weight",
];

function rowHtml(row: StatsRow, administrable: boolean): string {
  const errors = (row.connectErrors ?? 0) + (row.responseErrors ?? 0) + (row.requestErrors ?? 0);
  const name = escapeHtml(row.name);
  const box = administrable && row.type === "server" ? `<input type="checkbox" name="s" value="${name}"> ` : "";
  const check =
    row.check?.durationMs === undefined
      ? ""
      : `${row.check.status}${row.check.code === undefined ? "" : `/${row.check.code}`} in ${row.check.durationMs}ms`;
  const cells = [
    box + name,
    row.queued ?? "",
    row.rate,
    row.active,
    row.highestActive,
    row.sessions,
    row.bytesIn,
    row.bytesOut,
    errors,
    row.retries ?? "",
    escapeHtml(row.status),
    escapeHtml(check),
    row.weight ?? "",
  ];
  return `<tr class="${colour(row.status)}">${cells.map((one) => `<td>${one}</td>`).join("")}</tr>\n`;
}

function proxyHtml(name: string, rows: readonly StatsRow[], facts: StatsPageFacts): string {
  const table = `<table><tr>${HEADINGS.map((one) => `<th>${one}</th>`).join("")}</tr>\n${rows
    .map((row) => rowHtml(row, facts.administrable))
    .join("")}</table>`;
  const title = `<h2>${escapeHtml(name)}</h2>`;
  if (!facts.administrable || !rows.some((row) => row.type === "server")) return title + table;
  const actions = ["ready", "drain", "maint", "hup", "hdown", "shutdown"]
    .map((action) => `<button name="action" value="${action}">${action}</button>`)
    .join(" ");
  return `<form method="post" action="${escapeHtml(facts.uri)}">${title}${table}<input type="hidden" name="b" value="${escapeHtml(name)}">${actions}</form>`;
}

function uptime(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `${days}d ${hours}h${String(minutes).padStart(2, "0")}m${String(Math.floor(seconds % 60)).padStart(2, "0")}s`;
}

export function statsHtml(rows: readonly StatsRow[], facts: StatsPageFacts): string {
  const names = [...new Set(rows.map((row) => row.proxy))];
  const refresh =
    facts.refreshSeconds === undefined ? "" : `<meta http-equiv="refresh" content="${facts.refreshSeconds}">`;
  const on = facts.title === "" ? "" : ` on ${escapeHtml(facts.title)}`;
  const head = `<!DOCTYPE html><html><head><meta charset="utf-8"><title>Statistics Report for ha-lb${on}</title>${refresh}<style>${STYLE}</style></head>`;
  const about = `<h1>ha-lb ${escapeHtml(facts.version)}${on}</h1><p>${escapeHtml(facts.description)}</p><p>pid ${facts.processId}, up ${uptime(facts.upSeconds)}, ${facts.connections} connections · <a href="${escapeHtml(facts.uri)};csv">CSV</a></p>`;
  const tables = names.map((name) =>
    proxyHtml(
      name,
      rows.filter((row) => row.proxy === name),
      facts,
    ),
  );
  return `${head}<body>${about}\n${tables.join("\n")}</body></html>\n`;
}
