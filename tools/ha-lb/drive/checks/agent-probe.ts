/** Asks an agent once: connects, sends what `agent-send` says, reads a line. */
import { agentLine, type AgentReport, parseAgentLine } from "../../decide/agent.ts";
import { connectPeer, type Connecting } from "../connect.ts";
import { Peer } from "../peer.ts";
import { nowMs, wheel } from "../timer-wheel.ts";

export interface AgentAnswer {
  /** Absent when it couldn't be reached or said nothing that is known. */
  readonly report: AgentReport | undefined;
  readonly status: "L7OK" | "L7STS" | "CHECKED" | "L7RSP" | "L7TOUT" | "L4CON" | "L4TOUT";
  readonly durationMs: number;
}

export class AgentProbe extends Peer implements Connecting {
  private readonly startedMs = nowMs();
  private text = "";
  private finished = false;

  constructor(
    private readonly send_: string | undefined,
    private readonly onAnswer: (answer: AgentAnswer) => void,
  ) {
    super();
  }

  start(host: string, port: number, timeoutMs: number): void {
    wheel.set(this, nowMs() + timeoutMs);
    connectPeer(this, host, port, {}, undefined);
  }

  stop(): void {
    this.finished = true;
    this.abort();
    // A connection that is still being made is ended when it opens.
    this.deadlineMs = Number.NEGATIVE_INFINITY;
  }

  private finish(status: AgentAnswer["status"], report?: AgentReport): void {
    if (this.finished) return;
    this.stop();
    this.onAnswer({ report, status, durationMs: nowMs() - this.startedMs });
  }

  private read(ended: boolean): void {
    const line = agentLine(this.text, ended);
    if (line === undefined) return;
    const report = parseAgentLine(line);
    if (report === undefined) this.finish(line === "" ? "L7RSP" : "CHECKED");
    else if (report.operational === undefined) this.finish("CHECKED", report);
    else this.finish(report.operational === "up" ? "L7OK" : "L7STS", report);
  }

  onOpen(): void {
    if (this.send_ !== undefined) this.send(Buffer.from(this.send_));
  }
  override onData(data: Buffer): void {
    this.text += data.toString("latin1");
    this.read(false);
  }
  override onEnd(): void {
    this.read(true);
  }
  override onClose(): void {
    this.detach();
    this.read(true);
  }
  onFailed(): void {
    this.detach();
    this.finish("L4CON");
  }
  override onDrained(): void {
    // What is sent to agents is small.
  }
  override onDeadline(): void {
    this.finish(this.isOpen ? "L7TOUT" : "L4TOUT");
  }
}
