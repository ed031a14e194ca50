/** What a resource is doing or should be doing on a node, in ascending order. */
export const ROLE = { unknown: 0, stopped: 1, started: 2, unpromoted: 3, promoted: 4 } as const;
export type Role = (typeof ROLE)[keyof typeof ROLE];

const NAMES = ["Unknown", "Stopped", "Started", "Unpromoted", "Promoted"] as const;
export type RoleName = (typeof NAMES)[number];

export function roleName(role: Role): RoleName {
  return NAMES[role];
}

/** Reads a role in today's and in older words (Master, Slave); undefined when it is none. */
export function parseRole(text: string | undefined): Role | undefined {
  switch (text?.toLowerCase()) {
    case "stopped":
      return ROLE.stopped;
    case "started":
      return ROLE.started;
    case "unpromoted":
    case "slave":
      return ROLE.unpromoted;
    case "promoted":
    case "master":
      return ROLE.promoted;
    default:
      return undefined;
  }
}
