/** One health check: connect, talk through the steps, tell the outcome. */
import { type CheckReply, parseResponse, plainReply, stepMatches } from "../../decide/check-expect.ts";
import { type ServiceCheck, serviceCheckOf } from "../../decide/check-service.ts";
import { writeProxyHeader } from "../../decide/proxy-protocol.ts";
import { toInteger, toText } from "../../decide/sample-cast.ts";
import type { CheckOutcome } from "../../decide/server-health.ts";
import type { CheckStep, HealthCheck } from "../../model/health-check.ts";
import type { LogFormat } from "../../model/log-format.ts";
import type { ServerTls } from "../../model/tls.ts";
import type { ConnectOptions } from "../connect.ts";
import { OutgoingTls } from "../outgoing-tls.ts";
import type { DataPlane } from "../plane.ts";
import type { ServerRuntime } from "../runtime.ts";
import { nowMs, Timed, wheel } from "../timer-wheel.ts";
import { CheckContext } from "./check-context.ts";
import { CheckLink, type LinkEvent } from "./check-link.ts";

type ConnectStep = CheckStep & { readonly kind: "connect" };
type ExpectStep = CheckStep & { readonly kind: "expect" };

export interface ProbeTarget {
  readonly plane: DataPlane;
  readonly host: string;
  readonly port: number;
  readonly server: ServerRuntime;
  readonly check: HealthCheck;
  readonly timeoutMs: number;
  readonly disableOn404: boolean;
}

/** A server without `ssl` is checked with TLS all the same when its check asks for that. */
const CHECK_TLS: ServerTls = { verify: "none", noReuse: true, noTickets: false, alpn: [] };

const UNREACHABLE: ReadonlyMap<string, string> = new Map([
  ["ENETUNREACH", "Network is unreachable"],
  ["EHOSTUNREACH", "No route to host"],
  ["EACCES", "Permission denied"],
  ["EADDRNOTAVAIL", "Cannot assign requested address"],
]);

function refusalText(code: string): string {
  const text = UNREACHABLE.get(code);
  return text === undefined ? "Connection refused" : `General socket error (${text})`;
}

export class Probe extends Timed {
  private readonly startedMs = nowMs();
  private link: CheckLink | undefined;
  private finished = false;
  private next = 0;
  private sent = 0;
  private usedTls = false;
  private readonly steps: readonly CheckStep[];
  private readonly service: ServiceCheck | undefined;
  private known: CheckContext | undefined;

  constructor(
    private readonly target: ProbeTarget,
    private readonly onOutcome: (outcome: CheckOutcome) => void,
  ) {
    super();
    const { check } = target;
    this.steps = check.kind === "http" || check.kind === "tcp-sequence" ? check.steps : [];
    this.service = serviceCheckOf(check);
  }

  /** Few checks have variables or formats: those that have none need no context. */
  private get context(): CheckContext {
    this.known ??= new CheckContext(this.target.plane, this.target.server, () => this.link?.answer ?? "");
    return this.known;
  }

  start(): void {
    wheel.set(this, nowMs() + this.target.timeoutMs);
    const first = this.steps.find((step) => !["comment", "set-variable", "unset-variable"].includes(step.kind));
    if (first?.kind === "connect") this.run();
    else this.connect(undefined);
  }

  override onDeadline(): void {
    const { check } = this.target;
    const isOpen = this.link?.isOpen === true && check.kind !== "tcp";
    const step = this.steps[this.next];
    const status = step?.kind === "expect" ? step.outcome.timeoutStatus : undefined;
    this.finish(false, isOpen ? (status ?? "L7TOUT") : "L4TOUT", undefined, isOpen ? this.place("") : "");
  }

  private finish(passed: boolean, status: string, code: number | undefined, detail: string, stopping = false): void {
    if (this.finished) return;
    this.finished = true;
    wheel.remove(this);
    if (passed) this.link?.close();
    else this.link?.abort();
    this.onOutcome({ passed, stopping, status, code, durationMs: nowMs() - this.startedMs, detail });
  }

  /** ` at step 2 of tcp-check (connect port 1)`, behind `text`; as it is where there are no steps. */
  private place(text: string): string {
    const { check } = this.target;
    const step = this.steps[this.next];
    if (check.kind !== "tcp-sequence" || step === undefined) return text;
    const port = step.kind === "connect" && step.port !== undefined ? ` port ${this.portOf(step)}` : "";
    return `${text} at step ${this.next + 1} of tcp-check (${step.kind}${port})`.trim();
  }

  private portOf(step: ConnectStep): number {
    if (typeof step.port === "number") return step.port;
    const value = step.port === undefined ? undefined : this.context.evaluate(step.port);
    const port = value === undefined ? undefined : toInteger(value);
    return port ?? (step.address?.kind === "ip" && step.address.port > 0 ? step.address.port : this.target.port);
  }

  /** Opens the check's own connection, or the next one that the steps ask for. */
  private connect(step: ConnectStep | undefined): void {
    const { host } = this.target;
    this.link?.close();
    const link = new CheckLink((event) => {
      if (this.link === link && !this.finished) this.hear(event, link);
    });
    this.link = link;
    const address = step?.address?.kind === "ip" || step?.address?.kind === "name" ? step.address.host : host;
    const port = step === undefined ? this.target.port : this.portOf(step);
    link.open({ host: address, port, options: this.optionsOf(step), preface: this.prefaceOf(step) });
  }

  private optionsOf(step: ConnectStep | undefined): ConnectOptions {
    const { server } = this.target;
    const { address, check, tls } = server.settings;
    const own = check.tls ?? (tls !== undefined && check.port === undefined);
    const wanted = step === undefined || step.defaults ? own : step.tls;
    this.usedTls = wanted;
    const unix = address.kind === "unix" && step?.address === undefined ? { unix: address.path } : {};
    if (!wanted) return unix;
    const outgoing = (tls === undefined ? undefined : server.tls) ?? new OutgoingTls(CHECK_TLS);
    const [sni, alpn] = step === undefined || step.defaults ? [check.sni, check.alpn] : [step.sni, step.alpn];
    return { ...unix, tls: outgoing.connect(sni, alpn) };
  }

  private prefaceOf(step: ConnectStep | undefined): Uint8Array | undefined {
    const { check, sendProxy } = this.target.server.settings;
    const follows = sendProxy !== undefined && check.port === undefined && check.address === undefined;
    const wanted = step === undefined || step.defaults ? check.sendProxy || follows : step.sendProxy;
    return wanted ? Buffer.from(writeProxyHeader(sendProxy?.version ?? 1, "", 0, "", 0), "latin1") : undefined;
  }

  private hear(event: LinkEvent, link: CheckLink): void {
    switch (event) {
      case "refused":
        this.finish(false, "L4CON", undefined, this.place(refusalText(link.failure)));
        return;
      case "no-handshake":
        this.finish(false, "L6RSP", undefined, this.place("SSL handshake failure"));
        return;
      case "open":
        if (this.steps[this.next]?.kind === "connect") this.next += 1;
        if (this.service !== undefined && this.service.first !== "") link.send(this.service.first);
        this.advance(link);
        return;
      case "data":
        this.advance(link);
        return;
      case "end":
        this.advance(link);
        this.endEarly(link);
    }
  }

  private advance(link: CheckLink): void {
    const { check } = this.target;
    if (this.service !== undefined) this.serve(this.service, link);
    else if (check.kind === "http" || check.kind === "tcp-sequence") this.run();
    else this.finish(true, this.usedTls ? "L6OK" : "L4OK", undefined, "");
  }

  /** The connection ended, and the check didn't. */
  private endEarly(link: CheckLink): void {
    if (this.finished) return;
    const status = this.target.check.kind === "ssl-hello" ? "L6RSP" : "L7RSP";
    const { status: code } = this.reply();
    if (link.answer === "") this.finish(false, status, undefined, "TCPCHK got an empty response at step 2");
    else this.finish(false, status, code, this.place("the server closed the connection"));
  }

  private serve(service: ServiceCheck, link: CheckLink): void {
    for (;;) {
      const step = service.next(link.answer, this.sent);
      if (step === "more") return;
      if (!("send" in step)) {
        this.finish(step.passed, step.status, step.code, step.detail);
        return;
      }
      this.sent += 1;
      link.send(step.send);
    }
  }

  /** Goes through the steps until one must wait: for a connection, or for more of the answer. */
  private run(): void {
    for (; this.next < this.steps.length; this.next += 1) {
      const step = this.steps[this.next];
      if (step === undefined || this.finished) return;
      if (step.kind === "connect") {
        this.connect(step);
        return;
      }
      if (step.kind === "expect") {
        const met = stepMatches(step, this.reply(), this.link?.ended === true, (format) => this.context.render(format));
        if (met === "more" || !this.judge(met, step)) return;
      } else this.act(step);
    }
    this.conclude();
  }

  private act(step: CheckStep): void {
    switch (step.kind) {
      case "send":
        this.link?.send(step.data);
        return;
      case "send-format": {
        const text = this.context.render(step.format);
        this.link?.send(step.binary ? Buffer.from(text, "hex") : text);
        return;
      }
      case "send-http":
        this.sendHttp(step);
        return;
      case "set-variable": {
        const { value, variable } = step;
        const found = "parts" in value ? this.context.render(value) : this.context.evaluate(value);
        this.context.set([variable.scope, variable.name], found);
        return;
      }
      case "unset-variable":
        this.context.set([step.variable.scope, step.variable.name], undefined);
        return;
      case "connect":
      case "expect":
      case "comment":
    }
  }

  /** All steps are done. Without an expectation the status of an HTTP answer counts. */
  private conclude(): void {
    const expects = this.steps.findLast((step): step is ExpectStep => step.kind === "expect");
    if (this.target.check.kind === "http" && expects === undefined) {
      this.judgeStatus();
      return;
    }
    const { onSuccess, okStatus, statusCode } = expects?.outcome ?? {};
    const value = statusCode === undefined ? undefined : this.context.evaluate(statusCode);
    const code = value === undefined ? this.reply().status : toInteger(value);
    const plain = expects === undefined && this.target.check.kind === "tcp-sequence" ? "(tcp-check)" : "";
    const detail = onSuccess === undefined ? plain : this.context.render(onSuccess);
    this.finish(true, okStatus ?? (expects === undefined ? this.connectedStatus : "L7OK"), code, detail);
  }

  private get connectedStatus(): string {
    return this.usedTls ? "L6OK" : "L4OK";
  }

  private sendHttp(step: CheckStep & { readonly kind: "send-http" }): void {
    const text = (value: string | LogFormat): string =>
      typeof value === "string" ? value : this.context.render(value);
    const body = step.body === undefined ? "" : text(step.body);
    const version = `HTTP/${step.version === "" ? "1.0" : step.version}`;
    let head = `${step.method} ${text(step.uri)} ${version}\r\n`;
    for (const { name, value } of step.headers) head += `${name}: ${text(value)}\r\n`;
    const has = (wanted: RegExp): boolean => step.headers.some(({ name }) => wanted.test(name));
    if (version === "HTTP/1.1" && !has(/^host$/i)) head += `Host: ${this.target.host}\r\n`;
    if (!has(/^connection$/i)) head += "Connection: close\r\n";
    if (body !== "") head += `Content-Length: ${body.length}\r\n`;
    this.link?.send(`${head}\r\n${body}`);
  }

  /** Steps of `tcp-check` look at bytes, whatever these look like. */
  private reply(): CheckReply {
    const text = this.link?.answer ?? "";
    return this.target.check.kind === "tcp-sequence" ? plainReply(text) : parseResponse(text);
  }

  /** Without rules, 2xx and 3xx pass. */
  private judgeStatus(): void {
    const { complete, status } = this.reply();
    const ended = this.link?.ended === true;
    if (status === undefined) {
      if (ended) this.finish(false, "L7RSP", undefined, "no valid HTTP answer");
      return;
    }
    if (!complete && !ended) return;
    const reason = /^HTTP\/\d\.\d \d+ ([^\r\n]*)/.exec(this.link?.answer ?? "")?.[1] ?? "";
    if (status === 404 && this.target.disableOn404) this.finish(true, "L7OKC", status, "", true);
    else if (status >= 200 && status < 400) this.finish(true, "L7OK", status, "");
    else this.finish(false, "L7STS", status, reason);
  }

  /** @returns whether the check goes on */
  private judge(met: boolean, { match, outcome }: ExpectStep): boolean {
    if (met) return true;
    const { status } = this.reply();
    const isHttp = this.target.check.kind === "http";
    if (status === 404 && this.target.disableOn404) {
      this.finish(true, "L7OKC", status, "", true);
      return false;
    }
    const found = outcome.onError === undefined ? (outcome.comment ?? "") : this.context.render(outcome.onError);
    const value = outcome.statusCode === undefined ? undefined : this.context.evaluate(outcome.statusCode);
    const code = value === undefined ? status : Number(toText(value));
    const detail = found === "" ? this.place(`no ${match.kind} as expected`) : found;
    this.finish(false, outcome.errorStatus ?? (isHttp ? "L7STS" : "L7RSP"), code, detail);
    return false;
  }
}
