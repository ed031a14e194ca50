import { close, pipe, setPipeSize } from "../../../../shared/drive/ffi/fd.ts";

/** A kernel buffer that bytes pass through. */
export interface Pipe {
  readonly readEnd: number;
  readonly writeEnd: number;
}

/** Asked for; a plain user over the system's limit gets less, and it works all the same. */
export const PIPE_BYTES = 512 * 1024;
/** Empty pipes that are kept for the next stream. */
const KEPT_PIPES = 64;

/** Empty pipes. A direction holds one only while bytes are in it, so that a silent stream costs none. */
export class Pipes {
  private readonly free: Pipe[] = [];

  /** Throws when the system has no descriptors left. */
  take(): Pipe {
    const kept = this.free.pop();
    if (kept !== undefined) return kept;
    const made = pipe({ nonBlocking: true });
    setPipeSize(made.writeEnd, PIPE_BYTES);
    return made;
  }

  /** `one` must be empty. */
  giveBack(one: Pipe): void {
    if (this.free.length < KEPT_PIPES) this.free.push(one);
    else this.drop(one);
  }

  /** For a pipe that still holds bytes. */
  drop(one: Pipe): void {
    close(one.readEnd);
    close(one.writeEnd);
  }

  closeAll(): void {
    for (const one of this.free.splice(0)) this.drop(one);
  }
}
