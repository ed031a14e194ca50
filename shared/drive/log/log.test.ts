import { describe as group, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineCatalogue, reason } from "../../reason/catalogue.ts";
import { close, pipe, read } from "../ffi/fd.ts";
import { Memory } from "../ffi/memory.ts";
import { POLL, pollOne } from "../ffi/poll.ts";
import { FAMILY } from "../ffi/socket-address.ts";
import { bindSocket, receive, socket, SOCKET_TYPE, socketName } from "../ffi/socket.ts";
import { descriptorSink } from "./descriptor-sink.ts";
import { formatRecord, LONGEST_LINE } from "./format.ts";
import { Logger } from "./logger.ts";
import type { LogRecord } from "./record.ts";
import { RepeatFilter } from "./repeat.ts";
import { MOST_WAITING_LINES, QueuedSink } from "./sink.ts";
import { localSyslogSink, udpSyslogSink } from "./syslog-sink.ts";
import { parseLogTarget, showLogTarget } from "./target.ts";

const origin = { tool: "ha-test", host: "node1", pid: 7 };
const atMs = Date.UTC(2026, 10, 6, 7, 15, 1, 123);
const record: LogRecord = {
  atMs,
  severity: "warning",
  code: "T_GAP",
  message: "lost 3 adverts",
  fields: { from: "10.0.0.2", names: ["a", "b"], text: 'x "y]' },
};

group("format", () => {
  test.each([
    [
      "text",
      '2026-11-06T07:15:01.123Z ha-test[7] warning: lost 3 adverts [T_GAP] from=10.0.0.2 names=a,b text="x \\"y]"',
    ],
    ["journal", '<4>lost 3 adverts [T_GAP] from=10.0.0.2 names=a,b text="x \\"y]"'],
    [
      "rfc5424",
      '<156>1 2026-11-06T07:15:01.123Z node1 ha-test 7 T_GAP [data@32473 from="10.0.0.2" names="a,b" text="x \\"y\\]"] \ufefflost 3 adverts',
    ],
    [
      "json",
      '{"schema":1,"time":"2026-11-06T07:15:01.123Z","severity":"warning","tool":"ha-test","host":"node1","pid":7,"code":"T_GAP","message":"lost 3 adverts","data":{"from":"10.0.0.2","names":["a","b"],"text":"x \\"y]"}}',
    ],
  ] as const)("%s", (format, expected) => {
    expect(formatRecord(record, format, { origin, facility: "local3" })).toBe(expected);
  });

  test("the old forms have local time, a blank before a day of one digit, and no colon trouble", () => {
    const date = new Date(atMs);
    const time = date.toTimeString().slice(0, 8);
    const old = formatRecord({ ...record, fields: {} }, "rfc3164", { origin });
    expect(old).toBe(`<28>Nov  ${date.getDate()} ${time} node1 ha-test[7]: lost 3 adverts [T_GAP]`);
    expect(formatRecord({ ...record, fields: {} }, "local", { origin })).toBe(old.replace(" node1", ""));
  });

  test("text from outside can't forge a second line or steer a terminal", () => {
    const forged = { ...record, message: "a\n<0>b\u001b[2J", fields: {} };
    for (const format of ["text", "journal", "rfc5424", "rfc3164", "local", "json"] as const) {
      // oxlint-disable-next-line no-control-regex
      expect(formatRecord(forged, format, { origin })).not.toMatch(/[\n\u001b]/);
    }
  });

  test("a huge message is cut", () => {
    expect(formatRecord({ ...record, message: "x".repeat(1e5) }, "text", { origin }).length).toBe(LONGEST_LINE);
  });
});

group("repeats", () => {
  const at = (seconds: number, message: string): LogRecord => ({ atMs: seconds * 1000, severity: "info", message });

  test("are told as a count at the end of the run, or every 30 seconds", () => {
    const filter = new RepeatFilter();
    const written = [at(0, "a"), at(1, "a"), at(2, "a"), at(3, "b"), at(4, "b"), at(40, "b"), at(41, "c")].flatMap(
      (one) => filter.push(one).map((out) => `${out.atMs / 1000} ${out.message}`),
    );
    expect(written).toEqual(["0 a", "3 a (2 more times)", "3 b", "40 b (2 more times)", "41 c"]);
    expect(filter.flush(0)).toEqual([]);
  });
});

group("queue", () => {
  test("keeps order, is bounded, and counts what it loses", () => {
    const got: string[] = [];
    let open = false;
    const sink = new QueuedSink((line) => {
      if (!open) return "later";
      got.push(line);
      return "sent";
    });
    for (let number = 0; number < MOST_WAITING_LINES + 5; number += 1) sink.write(String(number));
    expect([sink.dropped(), sink.waiting]).toEqual([5, MOST_WAITING_LINES]);
    open = true;
    sink.write("last");
    expect([got.length, got[0], got.at(-1)]).toEqual([MOST_WAITING_LINES + 1, "0", "last"]);
  });
});

group("logger", () => {
  const catalogue = defineCatalogue({ T_LOST: { severity: "error", sentence: "{name} lost {gap} ms" } });

  function logger(least: "info" | "debug" = "info"): { log: Logger; lines: string[]; say: { open: boolean } } {
    const lines: string[] = [];
    const say = { open: true };
    const sink = new QueuedSink((line) => {
      if (!say.open) return "later";
      lines.push(line);
      return "sent";
    });
    return {
      log: Logger.create({ origin, outlets: [{ sink, format: "journal", least }], nowMs: () => atMs }),
      lines,
      say,
    };
  }

  test("filters, binds fields, withholds secrets, speaks the catalogue", () => {
    const { log, lines } = logger();
    log.debug("hidden");
    log.with({ instance: "web" }).info("password=x", { auth_pass: "y", url: "http://u:p@h/" });
    log.fact(catalogue, reason(catalogue, "T_LOST", { name: "web", gap: 3 }, { file: "a.conf", line: 2, column: 1 }));
    expect(lines).toEqual([
      "<6>password=******** instance=web auth_pass=******** url=http://u:********@h/",
      "<3>a.conf:2:1: web lost 3 ms [T_LOST] name=web gap=3",
    ]);
  });

  test("losses are told once the way is free again", () => {
    const { log, lines, say } = logger();
    say.open = false;
    for (let number = 0; number < MOST_WAITING_LINES + 7; number += 1) log.info(`line ${number}`);
    say.open = true;
    log.flush();
    expect([lines.length, lines.at(-1)]).toEqual([
      MOST_WAITING_LINES + 1,
      "<4>7 log lines were lost: the receiver was too slow or away",
    ]);
  });
});

group("real receivers", () => {
  test("a pipe that nobody reads never blocks; all lines come in order when it is read", () => {
    const { readEnd, writeEnd } = pipe({ nonBlocking: false });
    const sink = descriptorSink(writeEnd);
    const line = "x".repeat(999);
    const count = 200;
    for (let number = 0; number < count; number += 1) sink.write(`${number} ${line}`);
    expect(sink.waiting).toBeGreaterThan(100);
    const memory = new Memory(65536);
    let text = "";
    while (sink.waiting > 0) {
      text += memory.text(0, read(readEnd, memory));
      sink.flush();
    }
    close(writeEnd);
    for (let got = read(readEnd, memory); got > 0; got = read(readEnd, memory)) text += memory.text(0, got);
    close(readEnd);
    const numbers = text
      .trim()
      .split("\n")
      .map((one) => Number(one.split(" ")[0]));
    expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index));
    expect(sink.dropped()).toBe(0);
  });

  test("a reader that is gone loses lines, and nothing else happens", () => {
    const { readEnd, writeEnd } = pipe({ nonBlocking: false });
    close(readEnd);
    const sink = descriptorSink(writeEnd);
    sink.write("a");
    close(writeEnd);
    sink.write("b");
    expect(sink.dropped()).toBe(2);
  });

  test("/dev/log: datagrams arrive; a full receiver makes lines wait; an absent one loses them", () => {
    const directory = mkdtempSync(join(tmpdir(), "log-"));
    const path = join(directory, "log");
    const sink = localSyslogSink(path);
    sink.write("nobody");
    expect(sink.dropped()).toBe(1);
    const fd = socket(FAMILY.UNIX, SOCKET_TYPE.DATAGRAM, 0, { nonBlocking: true });
    bindSocket(fd, { family: "unix", path });
    const memory = new Memory(65536);
    const maximum = Number(readFileSync("/proc/sys/net/unix/max_dgram_qlen", "utf8"));
    const count = maximum + 50;
    for (let number = 0; number < count; number += 1) sink.write(`line ${number}`);
    expect(sink.waiting).toBeGreaterThan(0);
    const got: string[] = [];
    for (;;) {
      const length = receive(fd, memory, 0, memory.byteLength);
      if (length < 0) break;
      got.push(memory.text(0, length));
      sink.flush();
    }
    expect(got).toEqual(Array.from({ length: count }, (_, index) => `line ${index}`));
    close(fd);
    sink.close();
    rmSync(directory, { recursive: true });
  });

  test.each([["127.0.0.1"], ["::1"]])("udp to %s", (host) => {
    const v4 = host === "127.0.0.1";
    const fd = socket(v4 ? FAMILY.INET : FAMILY.INET6, SOCKET_TYPE.DATAGRAM, 0, { nonBlocking: true });
    const address = v4
      ? new Uint8Array([127, 0, 0, 1])
      : Uint8Array.from({ length: 16 }, (_, index) => (index === 15 ? 1 : 0));
    bindSocket(fd, v4 ? { family: "inet", address, port: 0 } : { family: "inet6", address, port: 0, scope: 0 });
    const name = socketName(fd);
    const port = name !== undefined && "port" in name ? name.port : 0;
    const sink = udpSyslogSink({ host, port });
    sink.write("é one");
    const memory = new Memory(2048);
    // A busy kernel delivers after the sender's call has returned.
    expect(pollOne(fd, POLL.IN, 10e9)).toBe(POLL.IN);
    expect(memory.text(0, receive(fd, memory, 0, 2048))).toBe("é one");
    sink.close();
    close(fd);
  });
});

group("targets", () => {
  test.each([
    "stderr",
    "json",
    "journal",
    "syslog",
    "syslog:/run/log",
    "udp://10.0.0.9:514",
    "udp+rfc3164://[2001:db8::1]:1514",
  ])("%s", (text) => {
    const outcome = parseLogTarget(text);
    expect(outcome.ok ? showLogTarget(outcome.target) : outcome.hint).toBe(text);
  });

  test("facility, default port, and hints for the rest", () => {
    expect(parseLogTarget("udp://10.0.0.9?local3")).toMatchObject({
      target: { facility: "local3", endpoint: { port: 514 } },
    });
    expect(parseLogTarget("syslgo")).toEqual({ ok: false, hint: 'did you mean "syslog"?' });
    expect(parseLogTarget("syslog?locla3")).toMatchObject({ ok: false, hint: expect.stringContaining('"local3"') });
    expect(parseLogTarget("udp://logs.example:514").ok).toBe(false);
  });
});
