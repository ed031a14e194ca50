/**
 * Moves the bytes of long streams between their sockets inside the kernel, splice(2). It has a thread of its own that
 * sleeps in epoll_wait: the event loop of the traffic thread can't tell that a socket is ready without reading from it.
 */
import { monotonicNs } from "../../../../shared/drive/ffi/clock.ts";
import { Epoll, EPOLL } from "../../../../shared/drive/ffi/epoll.ts";
import { close } from "../../../../shared/drive/ffi/fd.ts";
import { setResetOnClose } from "../../../../shared/drive/ffi/socket.ts";
import { End, Flow, type Progress } from "./flow.ts";
import type { FromSplicer, SpliceCount, SpliceEnd, TakeMessage } from "./messages.ts";
import { Pipes } from "./pipes.ts";

/** Silence is noticed this late at most, and counts are told this often. */
const SWEEP_MS = 1000;
const READ_EVENTS = EPOLL.IN | EPOLL.READ_HANG_UP | EPOLL.HANG_UP | EPOLL.ERROR;
const WRITE_EVENTS = EPOLL.OUT | EPOLL.HANG_UP | EPOLL.ERROR;
const GONE_EVENTS = EPOLL.HANG_UP | EPOLL.ERROR;
const WATCHED = EPOLL.IN | EPOLL.OUT | EPOLL.READ_HANG_UP | EPOLL.EDGE_TRIGGERED;

interface Spliced {
  readonly id: number;
  readonly client: End;
  readonly server: End;
  readonly up: Flow;
  readonly down: Flow;
  readonly silenceMs: number;
  activeMs: number;
  told: number;
  /** Is on the list of those that have more to do at once. */
  busy: boolean;
  over: boolean;
}

export class Pump {
  private readonly epoll = Epoll.create();
  private readonly pipes = new Pipes();
  private readonly byFd = new Map<number, Spliced>();
  private busy: Spliced[] = [];
  private nextSweepMs: number;
  private nowMs: number;

  constructor(private readonly tell: (message: FromSplicer) => void) {
    this.nowMs = monotonicNs() / 1e6;
    this.nextSweepMs = this.nowMs + SWEEP_MS;
  }

  /** Watches one more descriptor, for `onWake`. */
  watch(fd: number): void {
    this.epoll.control("add", fd, EPOLL.IN);
  }

  take(message: TakeMessage): void {
    const client = new End(message.clientFd);
    const server = new End(message.serverFd);
    const spliced: Spliced = {
      id: message.id,
      client,
      server,
      up: new Flow(client, server, this.pipes),
      down: new Flow(server, client, this.pipes),
      silenceMs: message.silenceMs ?? Number.POSITIVE_INFINITY,
      activeMs: this.nowMs,
      told: 0,
      busy: false,
      over: false,
    };
    for (const { fd } of [client, server]) {
      this.byFd.set(fd, spliced);
      if (this.epoll.control("add", fd, WATCHED) < 0) {
        this.end(spliced, fd === client.fd ? "client" : "server");
        return;
      }
    }
    this.move(spliced);
  }

  /** One turn. @returns whether a descriptor of `watch` is ready */
  turn(): boolean {
    const waitMs = this.busy.length > 0 ? 0 : Math.max(1, Math.ceil(this.nextSweepMs - this.nowMs));
    const count = this.epoll.wait(waitMs);
    this.nowMs = monotonicNs() / 1e6;
    const before = this.busy;
    this.busy = [];
    let woken = false;
    for (let index = 0; index < count; index += 1) {
      const fd = this.epoll.tag(index);
      const spliced = this.byFd.get(fd);
      if (spliced === undefined) woken = true;
      else this.onReady(spliced, fd, this.epoll.happened(index));
    }
    for (const one of before) {
      one.busy = false;
      if (!one.over) this.move(one);
    }
    if (this.nowMs >= this.nextSweepMs) this.sweep();
    return woken;
  }

  private onReady(spliced: Spliced, fd: number, events: number): void {
    const end = fd === spliced.client.fd ? spliced.client : spliced.server;
    if ((events & READ_EVENTS) !== 0) end.readable = true;
    if ((events & WRITE_EVENTS) !== 0) end.writable = true;
    if ((events & GONE_EVENTS) !== 0) end.hungUp = true;
    // One that waits for its turn is moved then, with what it can do by then.
    if (!spliced.busy) this.move(spliced);
  }

  private move(spliced: Spliced): void {
    const { up, down } = spliced;
    spliced.activeMs = this.nowMs;
    const first = up.run();
    const second = down.run();
    const how = endOf(first, second) ?? lossOf(spliced);
    if (how !== undefined) {
      this.end(spliced, how);
      return;
    }
    if (first !== "more" && second !== "more") return;
    spliced.busy = true;
    this.busy.push(spliced);
  }

  private sweep(): void {
    this.nextSweepMs = this.nowMs + SWEEP_MS;
    const counts: SpliceCount[] = [];
    for (const [fd, spliced] of this.byFd) {
      if (fd !== spliced.client.fd) continue;
      if (this.nowMs - spliced.activeMs > spliced.silenceMs) {
        this.end(spliced, "silence");
        continue;
      }
      const moved = spliced.up.moved + spliced.down.moved;
      if (moved === spliced.told) continue;
      spliced.told = moved;
      counts.push({ id: spliced.id, fromClient: spliced.up.moved, fromServer: spliced.down.moved });
    }
    if (counts.length > 0) this.tell({ kind: "moved", counts });
  }

  private end(spliced: Spliced, how: SpliceEnd): void {
    if (spliced.over) return;
    spliced.over = true;
    spliced.up.drop();
    spliced.down.drop();
    for (const { fd } of [spliced.client, spliced.server]) {
      this.byFd.delete(fd);
      // Who still waits for bytes must see that the stream was cut, not that it ended.
      if (how !== "done") setResetOnClose(fd, true);
      close(fd);
    }
    this.tell({
      kind: "ended",
      id: spliced.id,
      fromClient: spliced.up.moved,
      fromServer: spliced.down.moved,
      how,
    });
  }

  cut(id: number): void {
    for (const spliced of this.byFd.values()) {
      if (spliced.id !== id) continue;
      this.end(spliced, "cut");
      return;
    }
  }

  close(): void {
    for (const spliced of new Set(this.byFd.values())) this.end(spliced, "done");
    this.pipes.closeAll();
    this.epoll.close();
  }
}

/** An end that takes no more bytes, although we have not finished sending, was reset. What it sent before still counts. */
function lossOf({ client, server, up, down }: Spliced): SpliceEnd | undefined {
  if (client.hungUp && !down.finished) return "client";
  return server.hungUp && !up.finished && down.finished ? "server" : undefined;
}

function endOf(up: Progress, down: Progress): SpliceEnd | undefined {
  if (up === "source-broken" || down === "sink-broken") return "client";
  if (up === "sink-broken" || down === "source-broken") return "server";
  return up === "finished" && down === "finished" ? "done" : undefined;
}
