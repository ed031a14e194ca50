/** The status in the typed and JSON forms of `show stat` (management guide, chapter 9.1): values with what they mean. Pure. */
import type { StatsRow } from "../model/stats-row.ts";
import { STATS_COLUMNS } from "./stats-columns.ts";

const OBJECTS = {
  frontend: { letter: "F", name: "Frontend" },
  backend: { letter: "B", name: "Backend" },
  server: { letter: "S", name: "Server" },
  listener: { letter: "L", name: "Listener" },
} as const;

const ORIGINS: Readonly<Record<string, string>> = { M: "Metric", S: "Status", K: "Key", C: "Config", P: "Product" };
const NATURES = new Map(
  "A=Age a=Avg C=Counter D=Duration G=Gauge L=Limit M=Max m=Min N=Name O=Output R=Rate T=Time"
    .split(" ")
    .map((pair) => [pair.charAt(0), pair.slice(2)] as const),
);
const SCOPES: Readonly<Record<string, string>> = { C: "Cluster", P: "Process", S: "Service", s: "System" };

interface Field {
  readonly position: number;
  readonly name: string;
  readonly tags: string;
  readonly type: string;
  readonly value: string | number;
}

function fieldsOf(row: StatsRow): readonly Field[] {
  return STATS_COLUMNS.flatMap(({ kind, kindIn, name, read }, position) => {
    const value = read(row);
    if (value === undefined) return [];
    const [tags = "", type = ""] = (kindIn?.[row.type] ?? kind).split(" ");
    return [{ position, name, value, type, tags }];
  });
}

/** `F.2.0.0.pxname.1:KNS:str:web`: object, section, server, place of the column, name, process, tags, type, value. */
export function statsTyped(rows: readonly StatsRow[]): string {
  return rows
    .map((row) => {
      const object = `${OBJECTS[row.type].letter}.${row.proxyId}.${row.serverId}`;
      const lines = fieldsOf(row).map(
        ({ name, position, tags, type, value }) => `${object}.${position}.${name}.1:${tags}:${type}:${value}\n`,
      );
      return `${lines.join("")}\n`;
    })
    .join("");
}

/** A value with its name and what it means. */
export function fieldJson({ name, position, tags, type, value }: Field) {
  return {
    field: { pos: position, name },
    processNum: 1,
    tags: {
      origin: ORIGINS[tags.charAt(0)],
      nature: NATURES.get(tags.charAt(1)),
      scope: SCOPES[tags.charAt(2)],
    },
    value: { type, value },
  };
}

/** The same as one JSON array of arrays, one for each line of the status. */
export function statsJson(rows: readonly StatsRow[]): string {
  const all = rows.map((row) =>
    fieldsOf(row).map((field) => ({
      objType: OBJECTS[row.type].name,
      proxyId: row.proxyId,
      id: row.serverId,
      ...fieldJson(field),
    })),
  );
  return `${JSON.stringify(all)}\n`;
}
