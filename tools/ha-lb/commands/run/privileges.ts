import { readFileSync } from "node:fs";
import { becomeUser } from "../../../../shared/drive/ffi/privilege.ts";
import type { Global } from "../../model/global.ts";

/** The numbers of a name in passwd(5) or group(5). */
function lookUp(file: string, name: string): readonly string[] | undefined {
  const line = readFileSync(file, "utf8")
    .split("\n")
    .find((text) => text.startsWith(`${name}:`));
  return line?.split(":");
}

/** Root gives up its rights after the sockets are open, when the configuration names a user. Throws. */
export function dropPrivileges(global: Global): void {
  if (process.getuid?.() !== 0) return;
  const user = global.user === undefined ? undefined : lookUp("/etc/passwd", global.user);
  const group = global.group === undefined ? undefined : lookUp("/etc/group", global.group);
  if (global.user !== undefined && user === undefined) throw new Error(`there is no user '${global.user}'`);
  if (global.group !== undefined && group === undefined) throw new Error(`there is no group '${global.group}'`);
  const uid = global.uid ?? (user === undefined ? undefined : Number(user[2]));
  const gid = global.gid ?? Number(group?.[2] ?? user?.[3] ?? Number.NaN);
  if (uid === undefined && Number.isNaN(gid)) return;
  becomeUser({ uid: uid ?? 0, gid: Number.isNaN(gid) ? 0 : gid }, [], { forPrograms: false });
}
