/** A `resolvers` section at work: looks names up with all of its name servers. */
import { readFileSync } from "node:fs";
import type { Answer } from "../../decide/dns/answer.ts";
import { type Lookup, type LookupStep, startLookup, takeReply, takeSilence } from "../../decide/dns/lookup.ts";
import { isAskable, type QuestionType } from "../../decide/dns/message.ts";
import { parseIp } from "../../model/ip.ts";
import type { Resolvers } from "../../model/global.ts";
import { nowMs, Timed, wheel } from "../timer-wheel.ts";
import { NameServer } from "./name-server.ts";

const SYSTEM_FILE = "/etc/resolv.conf";
const DNS_PORT = 53;

/** One look-up on its way. */
class Run extends Timed {
  private lookup: Lookup | undefined;
  private asked: { forget(): void }[] = [];

  constructor(
    private readonly nameServers: readonly NameServer[],
    private readonly onAnswer: (answer: Answer, by: NameServer | undefined) => void,
  ) {
    super();
  }

  take(step: LookupStep, by: NameServer | undefined): void {
    if (step.kind === "done") {
      this.cancel();
      this.onAnswer(step.answer, by);
      return;
    }
    this.lookup = step.lookup;
    const { ask } = step;
    if (ask === undefined) return;
    for (const one of this.asked.splice(0)) one.forget();
    wheel.set(this, step.lookup.deadlineMs);
    for (const [index, nameServer] of this.nameServers.entries()) {
      this.asked.push(
        nameServer.ask(ask, (answer) => {
          if (this.lookup !== undefined) this.take(takeReply(this.lookup, index, answer, nowMs()), nameServer);
        }),
      );
    }
  }

  override onDeadline(): void {
    const { lookup } = this;
    if (lookup === undefined) return;
    for (const index of lookup.waitingFor) this.nameServers[index]?.noteSilence();
    this.take(takeSilence(lookup, nowMs()), undefined);
  }

  cancel(): void {
    this.lookup = undefined;
    wheel.remove(this);
    for (const one of this.asked.splice(0)) one.forget();
  }
}

export class Resolver {
  readonly nameServers: readonly NameServer[];
  private readonly running = new Set<Run>();

  constructor(readonly settings: Resolvers) {
    const { acceptedPayloadBytes: payloadBytes } = settings;
    const named = settings.nameServers.flatMap(({ name, address, stream }) =>
      address.kind === "ip" || address.kind === "name"
        ? [{ name, host: address.host, port: address.port || DNS_PORT, stream, payloadBytes }]
        : [],
    );
    const system = settings.parseResolvConf ? systemNameServers() : [];
    const more = system.map((host) => ({ name: host, host, port: DNS_PORT, stream: false, payloadBytes }));
    this.nameServers = [...named, ...more].map((one) => new NameServer(one));
  }

  /** Looks a name up. `onAnswer` is called once, with the name server whose answer it was. */
  lookUp(
    name: string,
    types: readonly QuestionType[],
    onAnswer: (answer: Answer, by: NameServer | undefined) => void,
  ): void {
    if (!isAskable(name)) {
      onAnswer({ kind: "failure", failure: "other" }, undefined);
      return;
    }
    const run = new Run(this.nameServers, (answer, by) => {
      this.running.delete(run);
      onAnswer(answer, by);
    });
    this.running.add(run);
    const { resolveRetries: tries, timeoutRetryMs: retryMs } = this.settings;
    run.take(startLookup({ name, types, nameServers: this.nameServers.length, tries, retryMs }, nowMs()), undefined);
  }

  /** Nothing is being looked up. */
  get isQuiet(): boolean {
    return this.running.size === 0;
  }

  close(): void {
    for (const run of this.running) run.cancel();
    this.running.clear();
    for (const nameServer of this.nameServers) nameServer.close();
  }
}

/** Addresses of `nameserver` lines of the system's file; none when it can't be read. */
function systemNameServers(): readonly string[] {
  try {
    const found = readFileSync(SYSTEM_FILE, "utf8").matchAll(/^\s*nameserver\s+(\S+)/gm);
    return Array.from(found, (match) => match[1] ?? "").filter(
      (text) => parseIp(text.replace(/%.*$/, "")) !== undefined,
    );
  } catch {
    return [];
  }
}
