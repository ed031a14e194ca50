import { becomeUser } from "../../../../shared/drive/ffi/privilege.ts";
import { groupNumber, userOf } from "../../drive/user-names.ts";
import type { Global } from "../../model/global.ts";

/** Root gives up its rights after the sockets are open, when the configuration names a user. Throws. */
export function dropPrivileges(global: Global): void {
  if (process.getuid?.() !== 0) return;
  const user = global.user === undefined ? undefined : userOf(global.user);
  const group = global.group === undefined ? undefined : groupNumber(global.group);
  const uid = global.uid ?? user?.uid;
  const gid = global.gid ?? group ?? user?.gid;
  if (uid === undefined && gid === undefined) return;
  becomeUser({ uid: uid ?? 0, gid: gid ?? 0 }, [], { forPrograms: false });
}
