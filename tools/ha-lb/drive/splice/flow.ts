/** One direction of a spliced stream. Edge-triggered: what a socket can do is remembered until it says EAGAIN. */
import { EAGAIN, EINTR } from "../../../../shared/drive/ffi/errno.ts";
import { shutdown } from "../../../../shared/drive/ffi/socket.ts";
import { splice } from "../../../../shared/drive/ffi/splice.ts";
import { type Pipe, PIPE_BYTES, type Pipes } from "./pipes.ts";

/** Rounds of one visit: other streams have their turn after that. */
const ROUNDS = 8;

/** An end of a stream. */
export class End {
  readable = true;
  writable = true;
  /** Both of its directions are closed: by us and by it in turn, or by a reset, whose error somebody may have fetched. */
  hungUp = false;
  constructor(readonly fd: number) {}
}

/** What a visit came to. */
export type Progress = "waits" | "more" | "finished" | "source-broken" | "sink-broken";

export class Flow {
  moved = 0;
  finished = false;
  private pipe: Pipe | undefined;
  private held = 0;
  private ended = false;

  constructor(
    private readonly source: End,
    private readonly sink: End,
    private readonly pipes: Pipes,
  ) {}

  /** Moves what can be moved now. */
  run(): Progress {
    if (this.finished) return "finished";
    for (let round = 0; round < ROUNDS; round += 1) {
      if (this.held === 0) {
        if (this.ended) return this.finish();
        if (!this.source.readable) return "waits";
        if (!this.fill()) return "source-broken";
        if (this.held === 0) continue;
      }
      if (!this.sink.writable) return "waits";
      if (!this.empty()) return "sink-broken";
    }
    return "more";
  }

  /** @returns false when the source broke */
  private fill(): boolean {
    this.pipe ??= this.pipes.take();
    const count = splice(this.source.fd, this.pipe.writeEnd, PIPE_BYTES);
    if (count > 0) {
      this.held = count;
      return true;
    }
    if (count === 0) this.ended = true;
    else if (count === -EAGAIN) this.source.readable = false;
    else if (count !== -EINTR) return false;
    this.rest();
    return true;
  }

  /** @returns false when the sink broke */
  private empty(): boolean {
    const { pipe } = this;
    if (pipe === undefined) throw new Error("bytes are held, but in no pipe");
    const count = splice(pipe.readEnd, this.sink.fd, this.held);
    if (count > 0) {
      this.held -= count;
      this.moved += count;
      if (this.held === 0) this.rest();
      return true;
    }
    if (count === -EAGAIN) this.sink.writable = false;
    return count === -EAGAIN || count === -EINTR;
  }

  /** The empty pipe goes to whoever needs one next. */
  private rest(): void {
    if (this.pipe === undefined) return;
    this.pipes.giveBack(this.pipe);
    this.pipe = undefined;
  }

  private finish(): Progress {
    this.finished = true;
    shutdown(this.sink.fd, "write");
    return "finished";
  }

  /** Frees what is held: the stream is over. */
  drop(): void {
    if (this.pipe === undefined) return;
    if (this.held > 0) this.pipes.drop(this.pipe);
    else this.pipes.giveBack(this.pipe);
    this.pipe = undefined;
  }
}
