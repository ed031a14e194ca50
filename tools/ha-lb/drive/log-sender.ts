/** Sends log lines where `log` lines say. Nothing ever waits for a receiver: what it doesn't take is counted and lost. */
import { writeSync } from "node:fs";
import { lookup } from "node:dns/promises";
import { formatRecord, type RecordFacts, wantsLevel } from "../decide/log-record.ts";
import { UnixDatagram } from "../../../shared/drive/log/unix-datagram.ts";
import type { LogTarget } from "../model/log-target.ts";
import type { LogLevel } from "../model/rule.ts";

const SYSLOG_PORT = 514;

export class LogSender {
  lost = 0;
  private udp: Bun.udp.Socket<"buffer"> | undefined;
  private readonly unix = new Map<string, UnixDatagram>();
  private readonly resolved = new Map<string, string>();
  private readonly counts = new Map<LogTarget, number>();

  constructor(
    private readonly hostName: string,
    private readonly processId: number,
  ) {}

  /** Opens what the targets need. Never fails: a receiver that isn't there must not stop the traffic. */
  async open(targets: readonly LogTarget[]): Promise<void> {
    for (const { transport } of targets) {
      if (transport.kind === "unix" && !this.unix.has(transport.path)) {
        try {
          this.unix.set(transport.path, new UnixDatagram(transport.path));
        } catch {
          this.lost += 1;
        }
      }
      if (transport.kind !== "udp") continue;
      this.udp ??= await Bun.udpSocket({ socket: { error: () => undefined } });
      if (transport.address.kind === "name") {
        const found = await lookup(transport.address.host).catch(() => undefined);
        if (found !== undefined) this.resolved.set(transport.address.host, found.address);
      }
    }
  }

  send(targets: readonly LogTarget[], level: LogLevel, tag: string, line: string): void {
    const facts: RecordFacts = { tag, hostName: this.hostName, processId: this.processId, nowMs: Date.now() };
    for (const target of targets) {
      if (wantsLevel(target, level) && this.inSample(target))
        this.sendTo(target, formatRecord(target, level, line, facts));
    }
  }

  private inSample(target: LogTarget): boolean {
    const { sample } = target;
    if (sample === undefined) return true;
    const turn = (this.counts.get(target) ?? 0) % sample.size;
    this.counts.set(target, turn + 1);
    return sample.ranges.some(([least, most]) => turn + 1 >= least && turn + 1 <= most);
  }

  private sendTo(target: LogTarget, text: string): void {
    const { transport } = target;
    switch (transport.kind) {
      case "udp": {
        const { address } = transport;
        if (address.kind !== "ip" && address.kind !== "name") return;
        const host = address.kind === "ip" ? address.host : (this.resolved.get(address.host) ?? "");
        if (host === "" || !this.sendDatagram(`${text}\n`, address.port === 0 ? SYSLOG_PORT : address.port, host))
          this.lost += 1;
        return;
      }
      case "unix":
        if ((this.unix.get(transport.path)?.send(`${text}\n`) ?? -1) < 0) this.lost += 1;
        return;
      case "stdout":
        writeLine(1, text);
        return;
      case "stderr":
        writeLine(2, text);
        return;
      case "descriptor":
        writeLine(transport.descriptor, text);
        return;
      case "ring":
        return;
    }
  }

  /** A log server that refuses, or an address that can't be reached, throws here: traffic goes on all the same. */
  private sendDatagram(text: string, port: number, host: string): boolean {
    try {
      return this.udp?.send(text, port, host) === true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.udp?.close();
    for (const socket of this.unix.values()) socket.close();
  }
}

function writeLine(descriptor: number, text: string): void {
  try {
    writeSync(descriptor, `${text}\n`);
  } catch {
    // A reader that went away must not stop the traffic.
  }
}
