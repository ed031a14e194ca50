import { writeSync } from "node:fs";
import { POLL, pollOne } from "../ffi/poll.ts";
import { QueuedSink } from "./sink.ts";

/** A pipe that polls as writable takes so many bytes without waiting, pipe(7) PIPE_BUF. */
const PIPE_BUF_BYTES = 4096;

/**
 * Writes lines to a descriptor (stderr) without ever waiting for its reader: a terminal stopped with Ctrl-S or a full
 * pipe fills the queue, not our time. The descriptor stays in blocking mode, because others share it. Works in a
 * Worker too, where the console would not be flushed.
 */
export function descriptorSink(fd: number): QueuedSink {
  let rest: Buffer | undefined;
  return new QueuedSink((line) => {
    rest ??= Buffer.from(`${line}\n`);
    while (rest.length > 0) {
      const happened = pollOne(fd, POLL.OUT, 0);
      if (happened > 0 && (happened & (POLL.ERROR | POLL.INVALID | POLL.HANG_UP)) !== 0) {
        rest = undefined;
        return "lost";
      }
      if (happened <= 0) return "later";
      try {
        rest = rest.subarray(writeSync(fd, rest, 0, Math.min(rest.length, PIPE_BUF_BYTES)));
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "EAGAIN") return "later";
        // The reader is gone (EPIPE) or the disk is full: the line is lost, the daemon goes on.
        rest = undefined;
        return "lost";
      }
    }
    rest = undefined;
    return "sent";
  });
}
