/** Clients that never stop: each sends the next request when the answer to the one before is whole. */
import type { Socket } from "bun";

export interface SteadyOptions {
  readonly port: number;
  /** On connections that stay as long as the other side lets them, and on one connection a request. */
  readonly keepAlive: number;
  readonly close: number;
  readonly tls?: boolean;
}

/** A whole answer: its head, and as many bytes as it says. */
function isWhole(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = Number(/^content-length: (\d+)/im.exec(text.slice(0, end))?.[1] ?? 0);
  return text.length >= end + 4 + length;
}

/** A machine that is busy takes its time. */
const ANSWER_LIMIT_MS = 60_000;
/** Between an answer and the next request: enough rest that a busy machine gets its other work done. */
const REST_MS = 3;

export class SteadyClients {
  done = 0;
  readonly failures: string[] = [];
  private stopped = false;
  private readonly running: Promise<void>[];

  constructor(private readonly options: SteadyOptions) {
    this.running = [
      ...Array.from({ length: options.keepAlive }, () => this.run(true)),
      ...Array.from({ length: options.close }, () => this.run(false)),
    ];
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.running);
  }

  private async run(keepAlive: boolean): Promise<void> {
    while (!this.stopped) {
      await this.connection(keepAlive);
      await Bun.sleep(REST_MS);
    }
  }

  /** One connection, to its end. */
  private async connection(keepAlive: boolean): Promise<void> {
    const request = `GET / HTTP/1.1\r\nHost: x\r\n${keepAlive ? "" : "Connection: close\r\n"}\r\n`;
    const ended = Promise.withResolvers<void>();
    let text = "";
    /** A request is under way: the end of the connection would be its end. */
    let waiting = true;
    const fail = (why: string): void => {
      if (waiting) this.failures.push(`${why} ${JSON.stringify(text.slice(0, 80))}`);
      waiting = false;
      ended.resolve();
    };
    const timer = setTimeout(() => fail("no answer"), ANSWER_LIMIT_MS);
    const finish = (socket: Socket): void => {
      waiting = false;
      socket.end();
      ended.resolve();
    };
    const take = (socket: Socket, data: Buffer): void => {
      text += data.toString("latin1");
      if (!isWhole(text)) return;
      if (text.startsWith("HTTP/1.1 200")) this.done += 1;
      else this.failures.push(text.slice(0, 80));
      const last = !keepAlive || this.stopped || /^connection: close/im.test(text);
      text = "";
      timer.refresh();
      if (last) finish(socket);
      else
        setTimeout(() => {
          if (socket.readyState <= 0) fail("closed between two requests");
          else socket.write(request);
        }, REST_MS);
    };
    try {
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: this.options.port,
        ...(this.options.tls === true ? { tls: { rejectUnauthorized: false } } : {}),
        socket: {
          ...(this.options.tls === true ? { handshake: (one: Socket) => void one.write(request) } : {}),
          data: take,
          end: () => fail("ended"),
          close: () => fail("closed"),
          error: (_one, error) => fail(error.message),
          connectError: (_one, error) => fail(error.message),
        },
      });
      if (this.options.tls !== true) socket.write(request);
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
    await ended.promise;
    clearTimeout(timer);
  }
}
