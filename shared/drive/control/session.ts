import type { z } from "zod";
import { controlReasons } from "../../model/control-reasons.ts";
import { EXIT } from "../../model/exit-codes.ts";
import { describe, reason } from "../../reason/catalogue.ts";
import { hint } from "../../text/did-you-mean.ts";
import { LineSplitter } from "./lines.ts";
import type { Caller, ControlMethods, StreamMethod } from "./methods.ts";
import * as protocol from "./protocol.ts";
import { refuse, type ControlAnswer, type ControlFailure } from "./protocol.ts";

/** The bytes to and from one client; the server gives a socket, tests give their own. */
export interface SessionLink {
  /** Hands text over for sending; never blocks. */
  write(text: string): void;
  /** Bytes handed over but not yet taken by the kernel. */
  unsent(): number;
  /** Sends what is unsent, then closes our side. */
  end(): void;
  /** Cuts the connection at once. */
  destroy(): void;
}

export interface SessionHooks {
  readonly methods: ControlMethods;
  readonly caller: Caller;
  /** An action has been answered; for the audit log. */
  readonly onAction?: (action: ControlAction) => void;
  /** A method threw: a defect of the daemon. */
  readonly onDefect?: (method: string, error: unknown) => void;
  /** Refuses a caller; everybody who can open the socket may do everything when absent. */
  readonly allow?: (caller: Caller, method: string) => boolean;
}

export interface ControlAction {
  readonly caller: Caller;
  readonly method: string;
  readonly params: unknown;
  readonly exit: number;
}

interface Subscription {
  readonly id: number;
  readonly queue: string[];
  queuedCharacters: number;
  dropped: number;
  stop: () => void;
}

const failure = (
  code: keyof typeof controlReasons,
  data: Readonly<Record<string, string | number>>,
  exit: ControlFailure["exit"],
) => refuse(exit, [describe(controlReasons, { code, data })]);

/** One client's conversation. */
export class Session {
  readonly #link: SessionLink;
  readonly #hooks: SessionHooks;
  readonly #lines = new LineSplitter(protocol.LONGEST_REQUEST);
  readonly #subscriptions = new Map<number, Subscription>();
  #working = 0;
  #inputEnded = false;
  #closed = false;

  constructor(link: SessionLink, hooks: SessionHooks) {
    this.#link = link;
    this.#hooks = hooks;
  }

  receive(chunk: Uint8Array): void {
    for (const event of this.#lines.push(chunk)) {
      if (this.#closed) return;
      if (event.kind === "line") this.#request(event.text);
      else this.#fail(0, failure("CONTROL_LINE_TOO_LONG", { most: protocol.LONGEST_REQUEST }, EXIT.usage));
    }
  }

  /** The client says no more, but still listens (a script at the end of its input): it gets what it asked for. */
  inputEnded(): void {
    this.#inputEnded = true;
    this.#endWhenDone();
  }

  #endWhenDone(): void {
    if (this.#inputEnded && this.#working === 0 && this.#subscriptions.size === 0) this.#link.end();
  }

  /** The kernel has taken what was unsent: slow subscribers may get more. */
  drained(): void {
    for (const subscription of this.#subscriptions.values()) this.#flush(subscription);
  }

  /** The client is gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const subscription of this.#subscriptions.values()) subscription.stop();
    this.#subscriptions.clear();
  }

  #send(line: Readonly<Record<string, unknown>>): void {
    if (this.#closed) return;
    if (this.#link.unsent() > protocol.CUT_OFF_AFTER_BYTES) {
      this.#link.destroy();
      this.close();
      return;
    }
    this.#link.write(`${JSON.stringify(line)}\n`);
  }

  #fail(id: number, failed: ControlFailure): void {
    this.#send({ id, error: { exit: failed.exit, problems: failed.problems } });
  }

  #request(text: string): void {
    let parsed: z.infer<typeof protocol.requestSchema>;
    try {
      parsed = protocol.requestSchema.parse(JSON.parse(text));
    } catch {
      const detail = 'expected {"id":1,"method":"…","params":{…}} or {"cancel":1}';
      this.#fail(0, failure("CONTROL_BAD_LINE", { detail }, EXIT.usage));
      return;
    }
    if ("cancel" in parsed) {
      this.#end(parsed.cancel);
      return;
    }
    const { id, method: name } = parsed;
    const { methods, caller, allow } = this.#hooks;
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (method === undefined) {
      this.#fail(
        id,
        failure("CONTROL_NO_METHOD", { method: name, hint: hint(name, Object.keys(methods)) }, EXIT.usage),
      );
      return;
    }
    if (allow?.(caller, name) === false) {
      this.#fail(id, failure("CONTROL_NO_PERMISSION", { user: caller.user, method: name }, EXIT.noPermission));
      return;
    }
    const params = method.params.safeParse(parsed.params ?? {});
    if (!params.success) {
      this.#fail(id, wrongParams(name, params.error));
      return;
    }
    if (method.kind === "stream") this.#subscribe(id, name, method, params.data);
    else void this.#call(id, name, params.data);
  }

  async #call(id: number, name: string, params: unknown): Promise<void> {
    const method = this.#hooks.methods[name];
    if (method?.kind !== "call") throw new Error(`${name} is not a call`);
    if (this.#working >= protocol.MOST_REQUESTS) {
      const what = `${protocol.MOST_REQUESTS} requests of this client are being worked on`;
      this.#fail(id, failure("CONTROL_BUSY", { what }, EXIT.tryLater));
      return;
    }
    this.#working += 1;
    let outcome: ControlAnswer<unknown>;
    try {
      outcome = await method.run(params, this.#hooks.caller);
    } catch (error) {
      outcome = this.#defect(name, error);
    }
    this.#working -= 1;
    if (method.action) {
      this.#hooks.onAction?.({
        caller: this.#hooks.caller,
        method: name,
        params,
        exit: outcome.ok ? EXIT.ok : outcome.exit,
      });
    }
    if (outcome.ok) this.#send({ id, result: outcome.result ?? null });
    else this.#fail(id, outcome);
    this.#endWhenDone();
  }

  #defect(name: string, error: unknown): ControlFailure {
    this.#hooks.onDefect?.(name, error);
    const detail = error instanceof Error ? error.message : String(error);
    return failure("CONTROL_DEFECT", { method: name, detail }, EXIT.error);
  }

  #subscribe(id: number, name: string, method: StreamMethod, params: unknown): void {
    if (this.#subscriptions.has(id) || this.#subscriptions.size >= protocol.MOST_SUBSCRIPTIONS) {
      const what = this.#subscriptions.has(id)
        ? `${id} is a subscription`
        : `${protocol.MOST_SUBSCRIPTIONS} subscriptions are open`;
      this.#fail(id, failure("CONTROL_BUSY", { what }, EXIT.tryLater));
      return;
    }
    const subscription: Subscription = { id, queue: [], queuedCharacters: 0, dropped: 0, stop: () => undefined };
    const early: string[] = [];
    let started = false;
    const subscriber = {
      push: (event: unknown) => {
        const line = `${JSON.stringify({ id, event: event ?? null })}\n`;
        if (!started) early.push(line);
        else if (this.#subscriptions.get(id) === subscription) this.#enqueue(subscription, line);
      },
      end: () => {
        if (this.#subscriptions.get(id) === subscription) this.#end(id);
      },
    };
    let outcome: ReturnType<StreamMethod["subscribe"]>;
    try {
      outcome = method.subscribe(params, subscriber, this.#hooks.caller);
    } catch (error) {
      outcome = this.#defect(name, error);
    }
    if (!outcome.ok) {
      this.#fail(id, outcome);
      return;
    }
    subscription.stop = outcome.stop;
    this.#subscriptions.set(id, subscription);
    this.#send({ id, result: outcome.result ?? null });
    started = true;
    for (const line of early) this.#enqueue(subscription, line);
  }

  /** A slow subscriber never costs more than its queue: what doesn't fit is dropped and counted. */
  #enqueue(subscription: Subscription, line: string): void {
    const full =
      subscription.queue.length >= protocol.MOST_QUEUED_EVENTS ||
      (subscription.queue.length > 0 && subscription.queuedCharacters + line.length > protocol.MOST_QUEUED_CHARACTERS);
    if (subscription.dropped > 0 || full) subscription.dropped += 1;
    else {
      subscription.queue.push(line);
      subscription.queuedCharacters += line.length;
    }
    this.#flush(subscription);
  }

  #flush(subscription: Subscription): void {
    while (!this.#closed && this.#link.unsent() < protocol.SLOW_AFTER_BYTES) {
      const line = subscription.queue.shift();
      if (line === undefined) break;
      subscription.queuedCharacters -= line.length;
      this.#link.write(line);
    }
    if (this.#closed || subscription.queue.length > 0 || subscription.dropped === 0) return;
    if (this.#link.unsent() >= protocol.SLOW_AFTER_BYTES) return;
    this.#send({ id: subscription.id, dropped: subscription.dropped });
    subscription.dropped = 0;
  }

  #end(id: number): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    this.#subscriptions.delete(id);
    subscription.stop();
    this.#send({ id, end: true });
    this.#endWhenDone();
  }
}

function wrongParams(method: string, error: z.ZodError): ControlFailure {
  const problems = error.issues.map((issue) => {
    const path = issue.path.length === 0 ? "these parameters" : issue.path.map(String).join(".");
    return describe(controlReasons, reason(controlReasons, "CONTROL_PARAMS", { method, path, detail: issue.message }));
  });
  return refuse(EXIT.usage, problems);
}
