import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { z } from "zod";
import { controlReasons } from "../../model/control-reasons.ts";
import { EXIT, isExitCode, type ExitCode } from "../../model/exit-codes.ts";
import { describe } from "../../reason/catalogue.ts";
import { formatDuration } from "../../text/duration.ts";
import { LineSplitter } from "./lines.ts";
import {
  answer,
  helloSchema,
  LONGEST_ANSWER,
  LONGEST_REQUEST,
  PROTOCOL_VERSION,
  refuse,
  replySchema,
  type ControlAnswer,
  type ControlFailure,
  type Hello,
  type Reply,
} from "./protocol.ts";

export const DEFAULT_TIMEOUT_MS = 5000;

export interface CallOptions<Value = unknown> {
  readonly timeoutMs?: number;
  /** Checks the answer; without it the result is `unknown`. */
  readonly schema?: z.ZodType<Value>;
}

export interface SubscriptionHandlers {
  readonly onEvent: (event: unknown) => void;
  /** So many events were lost because we read too slowly. */
  readonly onDropped?: (count: number) => void;
  /** The daemon ended it, or the connection is gone (then with the failure). */
  readonly onEnd?: (failure?: ControlFailure) => void;
}

export interface Subscription {
  /** The answer that came before the events. */
  readonly first: unknown;
  cancel(): void;
}

interface Waiting {
  readonly settle: (reply: Reply | ControlFailure) => void;
}

function failed(
  code: keyof typeof controlReasons,
  data: Readonly<Record<string, string | number>>,
  exit: ExitCode,
): ControlFailure {
  return refuse(exit, [describe(controlReasons, { code, data })]);
}

const lost = (tool: string) => failed("CONTROL_LOST", { tool }, EXIT.unreachable);

/** A connection to one daemon, local or through any byte stream (an SSH channel). */
export class ControlClient {
  readonly hello: Hello;
  readonly #stream: Duplex;
  readonly #waiting = new Map<number, Waiting>();
  readonly #subscriptions = new Map<number, SubscriptionHandlers>();
  #nextId = 1;
  #lost: ControlFailure | undefined;
  /** Called once when the connection ends, whoever ended it. */
  onClose: (() => void) | undefined;

  private constructor(stream: Duplex, hello: Hello) {
    this.#stream = stream;
    this.hello = hello;
  }

  /** Speaks over a stream that is already connected. `name` is what messages call the other end. */
  static async over(
    stream: Duplex,
    name: string,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<{ readonly ok: true; readonly client: ControlClient } | ControlFailure> {
    const lines = new LineSplitter(LONGEST_ANSWER);
    return await new Promise((resolve) => {
      let client: ControlClient | undefined;
      const giveUp = (failure: ControlFailure) => {
        clearTimeout(timer);
        if (client === undefined) {
          stream.destroy();
          resolve(failure);
        } else client.#close(failure);
      };
      const timer = setTimeout(() => {
        giveUp(
          failed(
            "CONTROL_TIMEOUT",
            { tool: name, method: "the greeting", limit: formatDuration(timeoutMs) },
            EXIT.timeout,
          ),
        );
      }, timeoutMs);
      stream.on("data", (chunk: Uint8Array | string) => {
        for (const event of lines.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk)) {
          if (event.kind === "too-long") {
            giveUp(failed("CONTROL_NOT_A_DAEMON", { path: name, detail: "a line is too long" }, EXIT.unreachable));
          } else if (client !== undefined) client.#line(event.text);
          else {
            const greeted = readHello(event.text, name);
            if (!greeted.ok) {
              giveUp(greeted);
              return;
            }
            clearTimeout(timer);
            client = new ControlClient(stream, greeted.result);
            resolve({ ok: true, client });
          }
        }
      });
      stream.on("error", (error: Error) => {
        giveUp(client === undefined ? connectionFailure(error, name) : lost(client.hello.tool));
      });
      stream.on("close", () => {
        giveUp(lost(client?.hello.tool ?? toolOf(name)));
      });
    });
  }

  /** Connects to a daemon's socket. */
  static async connect(
    path: string,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<{ readonly ok: true; readonly client: ControlClient } | ControlFailure> {
    return await ControlClient.over(connect({ path }), path, timeoutMs);
  }

  /** Asks one thing. Never throws: a failure is a value with its exit code. */
  async call<Value = unknown>(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    options: CallOptions<Value> = {},
  ): Promise<ControlAnswer<Value>> {
    const reply = await this.#request(method, params, options.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    if ("ok" in reply) return reply;
    if (reply.error !== undefined) return errorOf(reply.error);
    if (options.schema === undefined) return answer(reply.result as Value);
    const checked = options.schema.safeParse(reply.result);
    if (checked.success) return answer(checked.data);
    const detail = checked.error.issues
      .map((issue) => `${issue.path.map(String).join(".")}: ${issue.message}`)
      .join("; ");
    return failed("CONTROL_ANSWER_SHAPE", { tool: this.hello.tool, method, detail }, EXIT.error);
  }

  /** Asks for events; they come until `cancel`, the end or the loss of the connection. */
  async subscribe(
    method: string,
    params: Readonly<Record<string, unknown>>,
    handlers: SubscriptionHandlers,
    timeoutMs = DEFAULT_TIMEOUT_MS,
  ): Promise<{ readonly ok: true; readonly subscription: Subscription } | ControlFailure> {
    const id = this.#nextId;
    this.#subscriptions.set(id, handlers);
    const reply = await this.#request(method, params, timeoutMs);
    if ("ok" in reply || reply.error !== undefined) {
      this.#subscriptions.delete(id);
      return "ok" in reply ? reply : errorOf(reply.error ?? { exit: EXIT.error, problems: [] });
    }
    const cancel = () => {
      if (this.#subscriptions.delete(id) && this.#lost === undefined)
        this.#stream.write(`${JSON.stringify({ cancel: id })}\n`);
    };
    return { ok: true, subscription: { first: reply.result, cancel } };
  }

  close(): void {
    this.#close(lost(this.hello.tool));
    this.#stream.destroy();
  }

  async #request(
    method: string,
    params: Readonly<Record<string, unknown>>,
    timeoutMs: number,
  ): Promise<Reply | ControlFailure> {
    if (this.#lost !== undefined) return this.#lost;
    const id = this.#nextId;
    const line = `${JSON.stringify({ id, method, params })}\n`;
    // The daemon would throw it away, and could not say whose answer is missing.
    if (Buffer.byteLength(line) > LONGEST_REQUEST)
      return failed("CONTROL_LINE_TOO_LONG", { most: LONGEST_REQUEST }, EXIT.usage);
    this.#nextId += 1;
    return await new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        resolve(
          failed("CONTROL_TIMEOUT", { tool: this.hello.tool, method, limit: formatDuration(timeoutMs) }, EXIT.timeout),
        );
      }, timeoutMs);
      const settle = (reply: Reply | ControlFailure) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(reply);
      };
      this.#waiting.set(id, { settle });
      this.#stream.write(line);
    });
  }

  #line(text: string): void {
    const reply = readReply(text);
    if (reply === undefined) {
      this.#close(
        failed("CONTROL_NOT_A_DAEMON", { path: this.hello.tool, detail: "a line is not a reply" }, EXIT.unreachable),
      );
      this.#stream.destroy();
      return;
    }
    const handlers = this.#subscriptions.get(reply.id);
    if (reply.dropped !== undefined) handlers?.onDropped?.(reply.dropped);
    else if (reply.end === true) {
      this.#subscriptions.delete(reply.id);
      handlers?.onEnd?.();
    } else if ("event" in reply) handlers?.onEvent(reply.event);
    else this.#waiting.get(reply.id)?.settle(reply);
  }

  #close(failure: ControlFailure): void {
    if (this.#lost !== undefined) return;
    this.#lost = failure;
    for (const waiting of this.#waiting.values()) waiting.settle(failure);
    const handlers = [...this.#subscriptions.values()];
    this.#subscriptions.clear();
    for (const one of handlers) one.onEnd?.(failure);
    this.onClose?.();
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readReply(text: string): Reply | undefined {
  return replySchema.safeParse(readJson(text)).data;
}

function readHello(text: string, name: string): ControlAnswer<Hello> {
  const json = readJson(text);
  const hello = helloSchema.safeParse(json);
  if (hello.success && hello.data.v === PROTOCOL_VERSION) return answer(hello.data);
  if (hello.success) {
    return failed(
      "CONTROL_VERSION",
      { tool: hello.data.tool, found: hello.data.v, known: PROTOCOL_VERSION },
      EXIT.unreachable,
    );
  }
  // A daemon that has no room says so instead of greeting.
  const turnedAway = replySchema.safeParse(json);
  if (turnedAway.success && turnedAway.data.error !== undefined) return errorOf(turnedAway.data.error);
  return failed("CONTROL_NOT_A_DAEMON", { path: name, detail: "it does not greet as one" }, EXIT.unreachable);
}

function errorOf(error: NonNullable<Reply["error"]>): ControlFailure {
  return {
    ok: false,
    exit: isExitCode(error.exit) ? error.exit : EXIT.error,
    problems: error.problems.map(({ at, why, fix, ...rest }) => ({
      ...rest,
      ...(why === undefined ? {} : { why }),
      ...(fix === undefined ? {} : { fix }),
      ...(at === undefined
        ? {}
        : {
            at: {
              file: at.file,
              line: at.line,
              column: at.column,
              ...(at.length === undefined ? {} : { length: at.length }),
            },
          }),
    })),
  };
}

/** `/run/ha-vip/control.sock` → `ha-vip` */
function toolOf(path: string): string {
  return /([^/]+)\/control\.sock$/.exec(path)?.[1] ?? path;
}

function connectionFailure(error: Error, path: string): ControlFailure {
  const tool = toolOf(path);
  const code = "code" in error ? error.code : undefined;
  switch (code) {
    // ENOENT: never started or stopped in order. ECONNREFUSED: the socket of a killed daemon.
    case "ENOENT":
    case "ECONNREFUSED":
      return failed("CONTROL_NOT_RUNNING", { tool, path }, EXIT.unreachable);
    case "EACCES":
    case "EPERM":
      return failed("CONTROL_NO_ACCESS", { tool, path }, EXIT.noPermission);
    default:
      return failed("CONTROL_UNREACHABLE", { tool, path, detail: error.message }, EXIT.unreachable);
  }
}

/**
 * One question to one daemon: connects, asks, closes.
 * @returns the result, or the failure with its exit code (69 when nobody listens, 77 without permission, 124 too late)
 */
export async function callControl<Value = unknown>(
  path: string,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  options: CallOptions<Value> = {},
): Promise<ControlAnswer<Value>> {
  const connected = await ControlClient.connect(path, options.timeoutMs);
  if (!connected.ok) return connected;
  const outcome = await connected.client.call(method, params, options);
  connected.client.close();
  return outcome;
}
