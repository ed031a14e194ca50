/** The child of the privilege test: becomes nobody with two capabilities, and reports as one line of JSON. */
import { readdirSync, readFileSync } from "node:fs";
import { SystemError } from "../../shared/drive/ffi/libc.ts";
import { becomeUser, hasCapability } from "../../shared/drive/ffi/privilege.ts";
import { threadId } from "../../shared/drive/ffi/process.ts";
import { socket, SOCKET_TYPE } from "../../shared/drive/ffi/socket.ts";
import { FAMILY } from "../../shared/drive/ffi/socket-address.ts";

const NOBODY = 65534;
const forPrograms = process.argv[2] === "true";

function fields(status: string): Record<string, string> {
  const pairs = [...status.matchAll(/^(Uid|Gid|Groups|Cap\w+):\s*(.*?)\s*$/gm)];
  return Object.fromEntries(pairs.map(([, name = "", value = ""]) => [name, value.replaceAll("\t", " ")]));
}

function attempt(what: () => unknown, good: string): string {
  try {
    what();
    return good;
  } catch (error) {
    return error instanceof SystemError ? error.code : String(error);
  }
}

becomeUser({ uid: NOBODY, gid: NOBODY, groups: [100] }, ["NET_ADMIN", "NET_RAW"], { forPrograms });
const own = threadId();
/** Effective capabilities of a thread; nothing of one that has ended meanwhile. */
function effective(thread: string): string[] {
  try {
    return [fields(readFileSync(`/proc/self/task/${thread}/status`, "utf8"))["CapEff"] ?? "none told"];
  } catch {
    return [];
  }
}

const threads = readdirSync("/proc/self/task").filter((thread) => Number(thread) !== own);
console.log(
  JSON.stringify({
    own: fields(readFileSync("/proc/thread-self/status", "utf8")),
    program: fields(Bun.spawnSync(["cat", "/proc/self/status"]).stdout.toString()),
    threads: threads.flatMap(effective),
    has: [hasCapability("NET_ADMIN"), hasCapability("NET_RAW"), hasCapability("SYS_ADMIN"), hasCapability("SETUID")],
    backToRoot: attempt(() => becomeUser({ uid: 0, gid: 0 }, [], { forPrograms: false }), "became root"),
    rawSocket: attempt(() => socket(FAMILY.INET, SOCKET_TYPE.RAW, 112, { nonBlocking: true }), "opened"),
  }),
);
