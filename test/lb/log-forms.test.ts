/** Log lines as bytes, in every `format`, as datagrams and on a file descriptor: beside HAProxy's. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { freePorts } from "../../shared/lab/free-port.ts";
import { until } from "../../shared/lab/host.ts";
import { exchange, HAS_HAPROXY } from "./pair.ts";
import { type Running, startBalancer } from "./running.ts";

const FORMS = ["rfc3164", "rfc5424", "local", "priority", "short", "timed", "iso", "raw"] as const;
/** The last ones are cut. */
const LENGTHS = ["", "", "", "", "", "", "", " len 80"] as const;

/** Without what differs from run to run: dates, numbers of processes. */
const comparable = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d/g, "STAMP")
    .replaceAll(/[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d/g, "DATE")
    .replaceAll(/tag\[\d+\]/g, "tag[PID]")
    .replaceAll(/tag \d+ -/g, "tag PID -");

describe.skipIf(!HAS_HAPROXY)("forms of log lines (needs haproxy)", () => {
  const sides: { readonly running: Running; readonly datagrams: string[]; readonly stop: () => void }[] = [];

  beforeAll(async () => {
    for (const which of ["haproxy", "ha-lb"] as const) {
      const ports = await freePorts(FORMS.length);
      const datagrams: string[] = [];
      const log = await Bun.udpSocket({
        hostname: "127.0.0.1",
        socket: { data: (_socket, data) => void datagrams.push(data.toString("latin1")) },
      });
      const sections = FORMS.map(
        (form, index) => `listen ${form}
 bind 127.0.0.1:${ports[index] ?? 0}
 log 127.0.0.1:${log.port}${LENGTHS[index]} format ${form} local0
 log stdout format ${form} local3 notice
 log stdout format ${form} local4
 log-format "of-${form} %ST ${"x".repeat(60)}"
 http-request return status 200
`,
      );
      const running = await startBalancer(
        which,
        `global\n nbthread 1\n log-send-hostname me\n log-tag tag\ndefaults\n mode http\n timeout client 20s\n${sections.join("")}`,
      );
      sides.push({ running, datagrams, stop: () => log.close() });
      for (const port of ports) await exchange(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 20_000);
    }
  }, 60_000);
  afterAll(async () => {
    for (const side of sides) side.stop();
    await Promise.all(sides.map(({ running }) => running.stop()));
  });

  for (const form of FORMS) {
    test(form, async () => {
      const seen: string[][] = [];
      for (const { datagrams, running } of sides) {
        const mine = (all: readonly string[]): readonly string[] => all.filter((line) => line.includes(`of-${form} `));
        await until("both lines", () => mine(datagrams).length === 1 && mine(running.lines()).length === 1);
        seen.push([...mine(datagrams), ...mine(running.lines())].map(comparable));
      }
      const [theirs, ours] = seen;
      expect(ours).toEqual(theirs ?? []);
    });
  }
});
