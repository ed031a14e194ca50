/** Giving up privileges, capabilities(7), setresuid(2). */
import { bind, check, orThrow, syscall } from "./libc.ts";
import { Memory } from "./memory.ts";

const C = bind({
  setresuid: { args: ["u32", "u32", "u32"], returns: "i32" },
  setresgid: { args: ["u32", "u32", "u32"], returns: "i32" },
  setgroups: { args: ["u64", "ptr"], returns: "i32" },
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
});

const SYS_CAPGET = { x64: 125, arm64: 90 };
const SYS_CAPSET = { x64: 126, arm64: 91 };
/** _LINUX_CAPABILITY_VERSION_3: 64 capabilities in two words. */
const CAPABILITY_VERSION = 0x20080522;
const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_SET_KEEPCAPS = 8;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const HIGHEST_CAPABILITY = 63;
const GROUPS_LIMIT = 65536;

/** Capability numbers that this product has a use for. */
export const CAPABILITY = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  NET_BIND_SERVICE: 10,
  NET_ADMIN: 12,
  NET_RAW: 13,
  IPC_LOCK: 14,
  SYS_ADMIN: 21,
  SYS_NICE: 23,
} as const;
export type Capability = keyof typeof CAPABILITY;

// struct __user_cap_header_struct and two __user_cap_data_struct (effective, permitted, inheritable)
const header = new Memory(8);
const data = new Memory(24);

function prepare(): void {
  header.u32[0] = CAPABILITY_VERSION;
  header.i32[1] = 0;
  data.clear();
}

/** Whether the calling thread may use a capability now. */
export function hasCapability(capability: Capability): boolean {
  prepare();
  check(syscall(SYS_CAPGET, header.address, data.address), "capget");
  const number = CAPABILITY[capability];
  return (((data.u32[number < 32 ? 0 : 3] ?? 0) >>> (number % 32)) & 1) === 1;
}

/** Leaves the calling thread (and the threads it starts) with these capabilities only. Throws. */
export function keepOnly(capabilities: readonly Capability[], options: { readonly forPrograms: boolean }): void {
  prepare();
  for (const name of capabilities) {
    const number = CAPABILITY[name];
    const word = number < 32 ? 0 : 3;
    const bit = (1 << (number % 32)) >>> 0;
    for (const set of options.forPrograms ? [0, 1, 2] : [0, 1])
      data.u32[word + set] = (data.u32[word + set] ?? 0) | bit;
  }
  dropBounding(options.forPrograms ? capabilities : []);
  check(syscall(SYS_CAPSET, header.address, data.address), "capset");
  if (!options.forPrograms) return;
  for (const name of capabilities) {
    orThrow(C.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAPABILITY[name], 0, 0), "prctl PR_CAP_AMBIENT_RAISE", name);
  }
}

/** Programs that this thread starts can't get any capability outside `keep`, not even setuid ones. Needs CAP_SETPCAP. */
function dropBounding(keep: readonly Capability[]): void {
  const kept = new Set<number>(keep.map((name) => CAPABILITY[name]));
  for (let number = 0; number <= HIGHEST_CAPABILITY; number += 1) {
    if (kept.has(number) || C.prctl(PR_CAPBSET_READ, number, 0, 0, 0) !== 1) continue;
    // Without CAP_SETPCAP the set stays; the permitted set below is what counts for this process.
    if (C.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0) return;
  }
}

export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; none when absent. */
  readonly groups?: readonly number[];
}

/**
 * Turns a root process into another user for good, keeping `capabilities` on the calling thread.
 * The C library changes the user of *all* threads, and those that exist already lose every capability;
 * so call it on the thread that needs them, before it starts its Workers, which inherit.
 * With `forPrograms`, programs started afterwards keep them as well. Throws; then exit, half is done.
 */
export function becomeUser(
  identity: Identity,
  capabilities: readonly Capability[],
  options: { readonly forPrograms: boolean },
): void {
  const groups = identity.groups ?? [];
  if (groups.length > GROUPS_LIMIT) throw new Error(`${groups.length} groups`);
  const list = new Memory(Math.max(8, groups.length * 4));
  for (const [index, group] of groups.entries()) list.u32[index] = group;
  // While still root: the change of user takes the capability that this needs.
  dropBounding(options.forPrograms ? capabilities : []);
  orThrow(C.setgroups(groups.length, list.address), "setgroups");
  orThrow(C.setresgid(identity.gid, identity.gid, identity.gid), "setresgid");
  orThrow(C.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl PR_SET_KEEPCAPS");
  orThrow(C.setresuid(identity.uid, identity.uid, identity.uid), "setresuid");
  keepOnly(capabilities, options);
}
