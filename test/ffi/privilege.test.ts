/** Giving up privileges for good: in a child, because there is no way back. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { named, requireRoot } from "../../shared/lab/requirements.ts";

const NET_ADMIN_AND_RAW = "0000000000003000";
const NONE = "0000000000000000";

interface Report {
  readonly own: Readonly<Record<string, string>>;
  readonly program: Readonly<Record<string, string>>;
  /** Effective capabilities of every other thread of the process. */
  readonly threads: readonly string[];
  readonly has: readonly boolean[];
  readonly backToRoot: string;
  readonly rawSocket: string;
}

describe("becoming another user", () => {
  const lacking = requireRoot();
  function become(forPrograms: boolean): Report {
    const child = Bun.spawnSync([process.execPath, join(import.meta.dir, "become-user.ts"), String(forPrograms)]);
    expect(child.stderr.toString()).toBe("");
    return JSON.parse(child.stdout.toString()) as Report;
  }

  test.skipIf(lacking !== undefined)(named("keeps what is asked for, on this thread and in programs", lacking), () => {
    const report = become(true);
    expect(report.own).toMatchObject({ Uid: "65534 65534 65534 65534", Gid: "65534 65534 65534 65534", Groups: "100" });
    expect(report.own).toMatchObject({
      CapEff: NET_ADMIN_AND_RAW,
      CapPrm: NET_ADMIN_AND_RAW,
      CapBnd: NET_ADMIN_AND_RAW,
    });
    expect(report.program).toMatchObject({ CapEff: NET_ADMIN_AND_RAW, CapBnd: NET_ADMIN_AND_RAW, Groups: "100" });
    expect(report.has).toEqual([true, true, false, false]);
    expect([report.backToRoot, report.rawSocket]).toEqual(["EPERM", "opened"]);
    expect(report.threads.length).toBeGreaterThan(0);
    expect(new Set(report.threads)).toEqual(new Set([NONE]));
  });

  test.skipIf(lacking !== undefined)(named("keeps nothing for programs unless asked", lacking), () => {
    const report = become(false);
    expect(report.own).toMatchObject({ CapEff: NET_ADMIN_AND_RAW, CapAmb: NONE });
    expect(report.program).toMatchObject({ CapEff: NONE, CapPrm: NONE, CapBnd: NONE });
  });
});
