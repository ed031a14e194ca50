import { writeSync } from "node:fs";
import { openDisk } from "../disk.ts";
import { SYSTEM_CALLS, type DiskCalls } from "../disk-files.ts";

/**
 * A process with a disk that fails at a certain call, counted from the moment the disk was opened: what becomes of the
 * process, and what it says is durable, line by line. Arguments: the directory, which call fails, how, at which time.
 */
const [directory = "", call = "", code = "EIO", at = "1"] = process.argv.slice(2);
let counting = false;
let calls = 0;

function failure(of: string): Error | null {
  if (!counting || of !== call) return null;
  calls += 1;
  // A flush that failed once "succeeds" the next time: that is what the kernel does.
  return calls === Number(at) ? Object.assign(new Error(`${code}: made up`), { code }) : null;
}

const failing: DiskCalls = {
  ...SYSTEM_CALLS,
  write: (fd, bytes, from, position) => {
    const error = failure("write");
    if (error !== null && code === "NOTHING") return 0;
    if (error !== null && code === "SHORT") return SYSTEM_CALLS.write(fd, bytes.subarray(0, from + 1), from, position);
    if (error !== null) throw error;
    return SYSTEM_CALLS.write(fd, bytes, from, position);
  },
  flushNow: (fd) => {
    const error = failure("flushNow");
    if (error !== null) throw error;
    SYSTEM_CALLS.flushNow(fd);
  },
  flush: (fd, done) => {
    const error = failure("flush");
    if (error !== null) queueMicrotask(() => done(error));
    else SYSTEM_CALLS.flush(fd, done);
  },
};

const opened = openDisk(directory, { voters: ["a"], learners: [] }, "a", failing);
if (opened === null) throw new Error("refused");
const say = (line: string): void => void writeSync(1, `${line}\n`);
const LAST = 4;
const disk = opened.start(
  (sequence) => {
    say(`durable ${sequence}`);
    if (sequence === LAST) process.exit(0);
    write(sequence + 1);
  },
  (fact) => say(fact.code),
);
// A daemon that catches everything must not be able to go on as if nothing had happened.
process.on("uncaughtException", (error) => {
  say(`failed: ${error.message}`);
  try {
    write(9);
    say("went on");
  } catch {
    say("takes nothing more");
  }
  setTimeout(() => process.exit(1), 300);
});

function write(sequence: number): void {
  const hardState = { term: sequence, votedFor: "a", boot: opened?.recovered.hardState.boot ?? 0, recovering: false };
  const entries = [{ index: sequence, term: 1, kind: "command", payload: `entry ${sequence}` }] as const;
  disk.enqueue({ sequence, entries, ...(call === "flushNow" ? { hardState } : {}) });
}
counting = true;
write(1);
