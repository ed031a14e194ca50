/** One name server: questions go to it over UDP, and over TCP when an answer doesn't fit or the address says so. */
import { randomInt } from "node:crypto";
import { type Answer, answerOf, isReplyTo } from "../../decide/dns/answer.ts";
import { decodeReply, encodeQuery, type Question, type Reply } from "../../decide/dns/message.ts";
import { DnsStream } from "./dns-stream.ts";

export interface NameServerSettings {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly stream: boolean;
  readonly payloadBytes: number;
}

/** As `show resolvers` counts. */
export class NameServerCounters {
  sent = 0;
  sendErrors = 0;
  valid = 0;
  update = 0;
  nx = 0;
  timeout = 0;
  refused = 0;
  other = 0;
  invalid = 0;
  truncated = 0;
  outdated = 0;
}

interface Pending {
  readonly id: number;
  readonly question: Question;
  readonly take: (answer: Answer) => void;
  stream: DnsStream | undefined;
}

const IDS = 65_536;

export class NameServer {
  readonly counters = new NameServerCounters();
  private readonly pending = new Map<number, Pending>();
  private socket: Bun.udp.ConnectedSocket<"buffer"> | undefined;
  /** Counts sockets: one that comes late must not take the place of its successor. */
  private generation = 0;

  constructor(readonly settings: NameServerSettings) {}

  /** Puts a question. `take` is called once with the answer, unless the question is forgotten before. */
  ask(question: Question, take: (answer: Answer) => void): { forget(): void } {
    // Another port for each round of questions: who forges an answer has to guess it, too.
    if (this.pending.size === 0) this.close();
    const id = this.freeId();
    const pending: Pending = { id, question, take, stream: undefined };
    this.pending.set(id, pending);
    this.counters.sent += 1;
    if (this.settings.stream) this.askStream(pending);
    else if (this.socket !== undefined) this.send(this.socket, pending);
    else if (this.pending.size === 1) void this.open();
    return { forget: () => this.forget(pending) };
  }

  private freeId(): number {
    let id = randomInt(IDS);
    // There are never as many questions as ids: names are few and each asks one at a time.
    while (this.pending.has(id)) id = randomInt(IDS);
    return id;
  }

  /** No answer in time. */
  noteSilence(): void {
    this.counters.timeout += 1;
  }

  close(): void {
    this.generation += 1;
    this.socket?.close();
    this.socket = undefined;
    for (const { stream } of this.pending.values()) stream?.abort();
    this.pending.clear();
  }

  private forget(pending: Pending): void {
    pending.stream?.abort();
    if (this.pending.get(pending.id) === pending) this.pending.delete(pending.id);
  }

  private async open(): Promise<void> {
    const { host, port } = this.settings;
    this.generation += 1;
    const own = this.generation;
    const socket = await this.connect(host, port);
    if (socket === undefined) return;
    if (own !== this.generation) {
      socket.close();
      return;
    }
    this.socket = socket;
    for (const pending of this.pending.values()) this.send(socket, pending);
  }

  /** A connected socket: the kernel drops what comes from anybody else. */
  private async connect(hostname: string, port: number): Promise<Bun.udp.ConnectedSocket<"buffer"> | undefined> {
    try {
      return await Bun.udpSocket({
        connect: { hostname, port },
        socket: {
          data: (_socket, data) => this.onDatagram(data),
          error: () => {
            this.counters.sendErrors += 1;
          },
        },
      });
    } catch {
      this.counters.sendErrors += 1;
      return undefined;
    }
  }

  private send(socket: Bun.udp.ConnectedSocket<"buffer">, pending: Pending): void {
    try {
      socket.send(encodeQuery(pending.id, pending.question, this.settings.payloadBytes));
    } catch {
      this.counters.sendErrors += 1;
    }
  }

  private onDatagram(data: Uint8Array): void {
    const reply = decodeReply(data);
    if (reply === undefined) {
      this.counters.invalid += 1;
      return;
    }
    const pending = this.pending.get(reply.id);
    if (pending === undefined) this.counters.outdated += 1;
    else if (!isReplyTo(reply, pending.id, pending.question)) this.counters.invalid += 1;
    else if (!reply.truncated) this.finish(pending, reply);
    else if (pending.stream === undefined) {
      this.counters.truncated += 1;
      this.askStream(pending);
    }
  }

  private askStream(pending: Pending): void {
    const { host, payloadBytes, port } = this.settings;
    const stream = new DnsStream(encodeQuery(pending.id, pending.question, payloadBytes), (bytes) => {
      const reply = bytes === undefined ? undefined : decodeReply(bytes);
      if (bytes === undefined) this.counters.sendErrors += 1;
      if (reply === undefined || reply.truncated || !isReplyTo(reply, pending.id, pending.question)) {
        if (bytes !== undefined) this.counters.invalid += 1;
        this.conclude(pending, { kind: "failure", failure: "other" });
      } else this.finish(pending, reply);
    });
    pending.stream = stream;
    stream.start(host, port);
  }

  private finish(pending: Pending, reply: Reply): void {
    const answer = answerOf(reply, pending.question);
    if (answer.kind !== "failure") this.counters.valid += 1;
    else if (answer.failure === "nx") this.counters.nx += 1;
    else if (answer.failure === "refused") this.counters.refused += 1;
    else this.counters.other += 1;
    this.conclude(pending, answer);
  }

  private conclude(pending: Pending, answer: Answer): void {
    if (this.pending.get(pending.id) !== pending) return;
    this.pending.delete(pending.id);
    pending.take(answer);
  }
}
