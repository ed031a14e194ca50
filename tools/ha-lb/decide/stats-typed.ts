/** The status in the typed and JSON forms of `show stat` (management guide, chapter 9.1): values with what they mean. Pure. */
import type { StatsRow } from "../model/stats-row.ts";
import { STATS_COLUMNS } from "./stats-csv.ts";

/** Origin, nature and scope of a value, its type, and the columns that are so. */
const KINDS: readonly (readonly [string, string, string])[] = [
  ["KNS", "str", "pxname svname"],
  ["MGP", "u32", "qcur scur act bck rate rate_max"],
  ["MMP", "u32", "qmax smax req_rate_max"],
  ["CLP", "u32", "slim rate_lim"],
  [
    "MCP",
    "u64",
    "stot bin bout dreq dresp ereq econ eresp wretr wredis chkdown lbtot hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other req_tot cli_abrt srv_abrt comp_in comp_out comp_byp comp_rsp",
  ],
  ["SGP", "str", "status"],
  ["MaP", "u32", "weight qtime ctime rtime ttime"],
  ["MAP", "u32", "lastchg"],
  ["MCP", "u32", "downtime"],
  ["KGP", "u32", "pid"],
  ["KGS", "u32", "iid sid"],
  ["CGS", "u32", "type"],
  ["MRP", "u32", "req_rate"],
  ["MAP", "s32", "lastsess"],
  ["CGS", "str", "addr mode algo"],
  ["CNS", "str", "cookie"],
  ["MOS", "u32", "check_code agent_code"],
  ["MDS", "u64", "check_duration"],
  ["MOS", "str", "check_status"],
];

const KIND_OF = new Map(
  KINDS.flatMap(([tags, type, names]) => names.split(" ").map((name) => [name, { tags, type }] as const)),
);

/** Columns that say something else of a server than of a whole section. */
const TAGS_OF_SERVER: Readonly<Record<string, string>> = { act: "SGP", bck: "SGP", rate: "MRP", rate_max: "MMP" };

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
  return STATS_COLUMNS.flatMap(([name, read], position) => {
    const value = read(row);
    const kind = KIND_OF.get(name);
    if (value === undefined || value === "" || kind === undefined) return [];
    const tags = (row.type === "backend" ? undefined : TAGS_OF_SERVER[name]) ?? kind.tags;
    return [{ position, name, value, type: kind.type, tags }];
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

/** The same as one JSON array of arrays, one for each line of the status. */
export function statsJson(rows: readonly StatsRow[]): string {
  const all = rows.map((row) =>
    fieldsOf(row).map(({ name, position, tags, type, value }) => ({
      objType: OBJECTS[row.type].name,
      proxyId: row.proxyId,
      id: row.serverId,
      field: { pos: position, name },
      processNum: 1,
      tags: {
        origin: ORIGINS[tags.charAt(0)],
        nature: NATURES.get(tags.charAt(1)),
        scope: SCOPES[tags.charAt(2)],
      },
      value: { type, value },
    })),
  );
  return `${JSON.stringify(all)}\n`;
}
