/** One health check: connect, talk through the steps, tell the outcome. */
import { parseResponse, stepMatches, type CheckReply } from "../../decide/check-expect.ts";
import type { CheckOutcome } from "../../decide/server-health.ts";
import type { CheckStep, HealthCheck } from "../../model/health-check.ts";
import { connectPeer, type Connecting } from "../connect.ts";
import { Peer } from "../peer.ts";
import type { ServerRuntime } from "../runtime.ts";
import { nowMs, wheel } from "../timer-wheel.ts";
import { defaultRequest, handshakeOf } from "../../decide/check-text.ts";

/** Of an answer; what comes after it doesn't count. */
const MOST_ANSWER_BYTES = 64 * 1024;

export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  readonly server: ServerRuntime;
  readonly check: HealthCheck;
  readonly timeoutMs: number;
  readonly disableOn404: boolean;
}

export class Probe extends Peer implements Connecting {
  private readonly startedMs = nowMs();
  private answer = "";
  private ended = false;
  private finished = false;
  private next = 0;
  private readonly steps: readonly CheckStep[];

  constructor(
    private readonly target: ProbeTarget,
    private readonly onOutcome: (outcome: CheckOutcome) => void,
  ) {
    super();
    const { check } = target;
    this.steps = check.kind === "http" || check.kind === "tcp-sequence" ? check.steps : [];
  }

  start(): void {
    const { server, host, port } = this.target;
    const { settings } = server;
    const tls = settings.check.tls ?? (settings.tls !== undefined && settings.check.port === undefined);
    const options = tls && server.tls !== undefined ? { tls: server.tls.connect(settings.check.sni) } : {};
    wheel.set(this, nowMs() + this.target.timeoutMs);
    connectPeer(this, host, port, options, undefined);
  }

  private finish(passed: boolean, status: string, code: number | undefined, detail: string, stopping = false): void {
    if (this.finished) return;
    this.finished = true;
    this.abort();
    this.onOutcome({ passed, stopping, status, code, durationMs: nowMs() - this.startedMs, detail });
  }

  onOpen(): void {
    const { check } = this.target;
    switch (check.kind) {
      case "tcp":
        this.finish(true, "L4OK", undefined, "");
        return;
      case "http":
        if (!this.steps.some((step) => step.kind === "send-http"))
          this.send(defaultRequest("OPTIONS", "/", "HTTP/1.0"));
        this.run();
        return;
      case "tcp-sequence":
        if (this.steps.length === 0) this.finish(true, "L4OK", undefined, "");
        else this.run();
        return;
      default: {
        const first = handshakeOf(check);
        if (first === undefined) this.finish(true, "L4OK", undefined, "");
        else if (first.send !== "") this.send(first.send);
      }
    }
  }

  /** Goes through the steps until one must wait for more of the answer. */
  private run(): void {
    for (; this.next < this.steps.length; this.next += 1) {
      const step = this.steps[this.next];
      if (step === undefined) break;
      if (step.kind === "send") this.send(step.data);
      else if (step.kind === "send-http") this.sendHttp(step);
      else if (step.kind === "expect") {
        const met = stepMatches(step, this.reply(), this.ended);
        if (met === "more") return;
        if (!this.judge(met, step.outcome.okStatus ?? "L7OK", step.outcome.errorStatus)) return;
      }
    }
    if (this.target.check.kind === "http" && !this.steps.some((step) => step.kind === "expect")) this.judgeStatus();
    else
      this.finish(true, this.steps.some((step) => step.kind === "expect") ? "L7OK" : "L4OK", this.reply().status, "");
  }

  private sendHttp(step: CheckStep & { readonly kind: "send-http" }): void {
    const uri = typeof step.uri === "string" ? step.uri : step.uri.text;
    const body = step.body === undefined ? "" : typeof step.body === "string" ? step.body : step.body.text;
    const version = `HTTP/${step.version === "" ? "1.0" : step.version}`;
    let head = `${step.method} ${uri} ${version}\r\n`;
    for (const { name, value } of step.headers) head += `${name}: ${value.text}\r\n`;
    if (version === "HTTP/1.1" && !step.headers.some(({ name }) => /^host$/i.test(name))) {
      head += `Host: ${this.target.host}\r\n`;
    }
    if (!step.headers.some(({ name }) => /^connection$/i.test(name))) head += "Connection: close\r\n";
    if (body !== "") head += `Content-Length: ${body.length}\r\n`;
    this.send(`${head}\r\n${body}`);
  }

  /** What the answer's first line says besides the number. */
  private reasonPhrase(): string {
    return /^HTTP\/\d\.\d \d+ ([^\r\n]*)/.exec(this.answer)?.[1] ?? "";
  }

  private reply(): CheckReply {
    return parseResponse(this.answer);
  }

  /** Without rules, 2xx and 3xx pass. */
  private judgeStatus(): void {
    const { status, complete } = this.reply();
    if (status === undefined) {
      if (this.ended) this.finish(false, "L7RSP", undefined, "no valid HTTP answer");
      return;
    }
    if (!complete && !this.ended) return;
    if (status === 404 && this.target.disableOn404) this.finish(true, "L7OKC", status, "", true);
    else if (status >= 200 && status < 400) this.finish(true, "L7OK", status, "");
    else this.finish(false, "L7STS", status, this.reasonPhrase());
  }

  private judge(met: boolean, okStatus: string, errorStatus: string | undefined): boolean {
    if (met) {
      void okStatus;
      return true;
    }
    const { status } = this.reply();
    if (status === 404 && this.target.disableOn404) this.finish(true, "L7OKC", status, "", true);
    else
      this.finish(
        false,
        errorStatus ?? (this.target.check.kind === "http" ? "L7STS" : "L7RSP"),
        status,
        "unexpected answer",
      );
    return false;
  }

  override onData(data: Buffer): void {
    if (this.answer.length < MOST_ANSWER_BYTES) this.answer += data.toString("latin1");
    this.advance();
  }

  private advance(): void {
    const { check } = this.target;
    if (check.kind === "http" || check.kind === "tcp-sequence") {
      if (this.next >= this.steps.length && check.kind === "http") this.judgeStatus();
      else this.run();
      return;
    }
    const handshake = handshakeOf(check);
    const verdict = handshake?.judge(this.answer, this.ended);
    if (verdict === undefined || verdict === "more") return;
    this.finish(verdict, verdict ? (check.kind === "ssl-hello" ? "L6OK" : "L7OK") : "L7RSP", undefined, "");
  }

  override onEnd(): void {
    this.ended = true;
    this.advance();
    this.finish(false, "L7RSP", this.reply().status, "the server closed the connection");
  }

  override onClose(): void {
    this.detach();
    this.ended = true;
    if (!this.finished) this.advance();
    this.finish(false, "L7RSP", undefined, "the connection was lost");
  }

  onFailed(): void {
    this.detach();
    this.finish(false, "L4CON", undefined, "connection refused");
  }

  override onDrained(): void {
    // Requests of checks are small.
  }

  override onDeadline(): void {
    const connected = this.isOpen;
    this.finish(
      false,
      connected && this.target.check.kind !== "tcp" ? "L7TOUT" : "L4TOUT",
      undefined,
      "no answer in time",
    );
  }
}
