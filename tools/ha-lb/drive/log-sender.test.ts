import { expect, test } from "bun:test";
import type { LogTarget } from "../model/log-target.ts";
import { LogSender } from "./log-sender.ts";

const to = (host: string): LogTarget => ({
  transport: { kind: "udp", address: { kind: "ip", host, family: 4, port: 0, portEnd: 0 } },
  format: "rfc3164",
  maxLengthBytes: 1024,
  facility: "local0",
  at: { file: "t.cfg", line: 1, column: 1 },
});

test.each(["0.0.0.0", "255.255.255.255", "not an address"])(
  "a receiver that can't be reached (%s) costs the line and nothing else",
  async (host) => {
    const sender = new LogSender("", 1);
    await sender.open([to(host)]);
    const lines = [1, 2, 3];
    for (const line of lines) expect(() => sender.send([to(host)], "info", "t", `line ${line}`)).not.toThrow();
    sender.close();
    expect(sender.lost).toBeLessThanOrEqual(lines.length);
  },
);
