import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventFeed } from "../drive/control/event-feed.ts";
import { startControlServer } from "../drive/control/server.ts";
import { standardMethods } from "../drive/control/standard-methods.ts";
import { until } from "../lab/host.ts";
import { controlSocketPath } from "../model/paths.ts";
import { statusReportSchema, type StatusReport } from "../model/status.ts";
import { eventsCommand, statusCommand } from "./daemon-commands.ts";
import { runCli } from "./run.ts";
import { nagiosOf } from "./status-answer.ts";
import { testIo, type TestIo } from "./test-io.ts";

const report: StatusReport = {
  schema: 1,
  tool: "ha-vip",
  version: "1",
  host: "node1",
  sampledAtMs: 100_000,
  configuration: "ha.yaml",
  cluster: { name: "prod", quorum: { quorate: true, votes: 3, expected: 3 } },
  nodes: [{ name: "node1", state: "online", links: { up: 1, total: 2 } }],
  services: [
    { name: "10.0.0.100", kind: "vip", state: "up", here: { state: "active" }, sinceMs: 10_000, detail: "pri 102" },
    { name: "10.0.0.101", kind: "vip", state: "degraded", here: { state: "standby", text: "pri 90" } },
  ],
  attention: [{ code: "VIP_X", severity: "warning", subject: "10.0.0.101", sentence: "check fails", fix: "mend it" }],
  events: [],
};

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
});

async function daemon(): Promise<{
  readonly events: EventFeed;
  readonly directory: string;
  readonly close: () => void;
}> {
  const directory = mkdtempSync(join(tmpdir(), "daemon-"));
  const events = new EventFeed();
  const methods = standardMethods({ status: () => report, events });
  const outcome = await startControlServer({
    tool: "ha-vip",
    version: "1",
    path: controlSocketPath("ha-vip", directory),
    methods,
  });
  if (!outcome.ok) throw new Error(outcome.problems[0]?.sentence);
  cleanups.push(() => {
    outcome.server.close();
    rmSync(directory, { recursive: true });
  });
  return { events, directory, close: () => outcome.server.close() };
}

async function run(
  directory: string,
  words: readonly string[],
  io: TestIo = testIo({ env: { FIVENINES_RUN_DIR: directory } }),
) {
  const spec = {
    tool: "ha-vip",
    version: "1",
    summary: "",
    commands: [statusCommand("ha-vip"), eventsCommand("ha-vip")],
  };
  return { exit: await runCli(spec, words, io), ...io.written };
}

test("the report keeps its schema", () => {
  expect(statusReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
});

test("status as table, TSV, JSON and Nagios line", async () => {
  const { directory } = await daemon();
  const table = await run(directory, ["status", "-o", "table"]);
  expect(table.stdout.split("\n")).toEqual([
    "SERVICE     KIND  STATE     HERE            SINCE  DETAIL",
    "10.0.0.100  vip   up        active          1m30s  pri 102",
    "10.0.0.101  vip   degraded  standby pri 90      -  -",
    "",
    "warning: 10.0.0.101: check fails",
    "  fix: mend it",
    "",
  ]);
  const tsv = await run(directory, ["status"]);
  expect(tsv.stdout).toBe(
    "service\tkind\tstate\there\tsince\tdetail\n10.0.0.100\tvip\tup\tactive\t1m30s\tpri 102\n10.0.0.101\tvip\tdegraded\tstandby pri 90\t\t\n",
  );
  const json: unknown = JSON.parse((await run(directory, ["status", "-o", "json"])).stdout);
  expect(json).toEqual(report);
  const nagios = await run(directory, ["status", "-o", "nagios"]);
  expect([nagios.exit, nagios.stdout]).toEqual([
    1,
    "HA-VIP WARNING: 10.0.0.101 is degraded, 10.0.0.101: check fails | up=1;;;0;2 attention=1;;;0\n",
  ]);
});

test("without a daemon: exit 69 with what to do, and UNKNOWN for Nagios", async () => {
  const directory = mkdtempSync(join(tmpdir(), "daemon-"));
  cleanups.push(() => {
    rmSync(directory, { recursive: true });
  });
  const plain = await run(directory, ["status"]);
  expect([plain.exit, plain.stdout]).toEqual([69, ""]);
  expect(plain.stderr).toContain("ha-vip isn't running on this host");
  const nagios = await run(directory, ["status", "-o", "nagios"]);
  expect([nagios.exit, nagios.stdout]).toEqual([3, "HA-VIP UNKNOWN: ha-vip isn't running on this host\n"]);
});

test("nagiosOf: what is down outweighs warnings, which outweigh what is unknown", () => {
  const services = report.services.slice(0, 1);
  const of = (states: readonly ("up" | "down" | "unknown" | "degraded")[]) =>
    nagiosOf({
      ...report,
      attention: [],
      services: states.flatMap((state) => services.map((one) => ({ ...one, state }))),
    }).state;
  expect([of(["up"]), of(["up", "unknown"]), of(["unknown", "degraded"]), of(["degraded", "down", "unknown"])]).toEqual(
    ["OK", "UNKNOWN", "WARNING", "CRITICAL"],
  );
});

test("events: the last ones in order; followed, the later ones too, until the daemon goes", async () => {
  const { events, directory, close } = await daemon();
  const happen = (number: number) =>
    events.push({ atMs: number, code: "T_X", severity: "notice", sentence: `event ${number}` });
  for (let number = 1; number <= 5; number += 1) happen(number);
  const last = await run(directory, ["events", "-n", "2", "-o", "jsonl"]);
  expect(
    last.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { sentence: string }).sentence),
  ).toEqual(["event 4", "event 5"]);
  const io = testIo({ env: { FIVENINES_RUN_DIR: directory } });
  const following = run(directory, ["events", "-n", "1", "-f"], io);
  await until("the last event is told", () => io.written.stdout.includes("event 5"));
  happen(6);
  await until("the next one is told", () => io.written.stdout.includes("event 6"));
  close();
  const end = await following;
  expect(end.exit).toBe(69);
  expect(end.stdout).toBe(
    "1970-01-01T00:00:00.005Z\tnotice\tT_X\tevent 5\n1970-01-01T00:00:00.006Z\tnotice\tT_X\tevent 6\n",
  );
});
