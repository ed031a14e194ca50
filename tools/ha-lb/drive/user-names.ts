/** Numbers of users and groups by their names, passwd(5) and group(5). */
import { readFileSync } from "node:fs";

/** The fields of a name's line. */
function lineOf(file: string, name: string): readonly string[] | undefined {
  const line = readFileSync(file, "utf8")
    .split("\n")
    .find((text) => text.startsWith(`${name}:`));
  return line?.split(":");
}

/** The numbers of a user and of its first group; throws when there is no such user. */
export function userOf(name: string): { readonly uid: number; readonly gid: number } {
  const fields = lineOf("/etc/passwd", name);
  if (fields === undefined) throw new Error(`there is no user '${name}'`);
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}

export function groupNumber(name: string): number {
  const fields = lineOf("/etc/group", name);
  if (fields === undefined) throw new Error(`there is no group '${name}'`);
  return Number(fields[2]);
}
