import {
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { controlReasons } from "../../model/control-reasons.ts";
import { EXIT } from "../../model/exit-codes.ts";
import { describe, reason } from "../../reason/catalogue.ts";
import { flock } from "../ffi/fd.ts";
import { refuse, type ControlFailure } from "./protocol.ts";

/** sun_path holds 108 bytes with its final zero, unix(7). */
const LONGEST_SOCKET_PATH = 107;
/** Added while the socket isn't in place yet. */
const NEW_SUFFIX = ".new";
/** Members of this group may use the socket. Pacemaker's tools use the same one. */
const GROUP = "haclient";

/** The number of a group by name; undefined when there is none. */
export function groupId(name: string, groupFile = "/etc/group"): number | undefined {
  const line = readFileSync(groupFile, "utf8")
    .split("\n")
    .find((candidate) => candidate.startsWith(`${name}:`));
  const id = Number(line?.split(":")[2] ?? Number.NaN);
  return Number.isInteger(id) ? id : undefined;
}

/** The name of a user by number; the number as text when it has none. */
export function userName(uid: number, passwdFile = "/etc/passwd"): string {
  const line = readFileSync(passwdFile, "utf8")
    .split("\n")
    .find((candidate) => candidate.split(":")[2] === String(uid));
  return line?.split(":")[0] ?? String(uid);
}

/** The right to put a socket at a path. The kernel frees the lock when the process ends, however it ends. */
export interface SocketPlace {
  readonly path: string;
  /** Where to bind first. */
  readonly temporaryPath: string;
  /** Gives the bound socket its mode and group and moves it into place, over a stale one, in one step. */
  publish(): void;
  /** Removes the socket and the lock. */
  release(): void;
}

/**
 * Takes the lock beside the socket (flock(2)), so that of two daemons one is refused, and a stale socket of a
 * killed daemon is replaced without a moment in which none is there.
 */
export function takeSocketPlace(
  tool: string,
  path: string,
): { readonly ok: true; readonly place: SocketPlace } | ControlFailure {
  const temporaryPath = path + NEW_SUFFIX;
  if (Buffer.byteLength(temporaryPath) > LONGEST_SOCKET_PATH) {
    return socketProblem(path, `the path is longer than ${LONGEST_SOCKET_PATH - NEW_SUFFIX.length} bytes`);
  }
  let lock: number;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    lock = openSync(`${path}.lock`, "a+", 0o644);
  } catch (error) {
    return socketProblem(path, error instanceof Error ? error.message : String(error));
  }
  if (flock(lock, "exclusive") < 0) {
    const pid = readFileSync(`${path}.lock`, "utf8").trim();
    closeSync(lock);
    const problem = reason(controlReasons, "CONTROL_ALREADY_RUNNING", {
      tool,
      pid: pid === "" ? "unknown" : pid,
      path: `${path}.lock`,
    });
    return refuse(EXIT.problem, [describe(controlReasons, problem)]);
  }
  ftruncateSync(lock, 0);
  writeSync(lock, `${process.pid}\n`);
  rmSync(temporaryPath, { force: true });
  return { ok: true, place: placeOf(path, temporaryPath, lock) };
}

/** In a user namespace the group may have no number; root of it is then the only one that may use the socket. */
function giveToGroup(path: string, group: number): void {
  try {
    chownSync(path, 0, group);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EINVAL")) throw error;
  }
}

function placeOf(path: string, temporaryPath: string, lock: number): SocketPlace {
  let held = true;
  return {
    path,
    temporaryPath,
    publish() {
      const group = groupId(GROUP);
      if (group !== undefined && process.getuid?.() === 0) giveToGroup(temporaryPath, group);
      chmodSync(temporaryPath, 0o660);
      renameSync(temporaryPath, path);
    },
    release() {
      if (!held) return;
      held = false;
      rmSync(temporaryPath, { force: true });
      rmSync(path, { force: true });
      // The lock file stays: removing it would let two processes lock two files of one name.
      closeSync(lock);
    },
  };
}

function socketProblem(path: string, detail: string): ControlFailure {
  return refuse(EXIT.error, [describe(controlReasons, reason(controlReasons, "CONTROL_SOCKET", { path, detail }))]);
}
