import { describe, expect, test } from "bun:test";
import { join } from "node:path";

const PROGRAM = join(import.meta.dir, "testdata", "detached.ts");

describe("a background start", () => {
  test("returns when the process serves, and closes what the caller reads", async () => {
    const started = Bun.spawn([process.execPath, PROGRAM, "serve"], { stdout: "pipe", stderr: "pipe" });
    // Both end only when nobody holds them open any more.
    const [out, error] = await Promise.all([started.stdout.text(), started.stderr.text()]);
    expect(await started.exited).toBe(0);
    expect(error).toBe("");
    const pid = Number(/serves as (\d+)/.exec(out)?.[1]);
    // It lives, in the background.
    expect(process.kill(pid, 0)).toBe(true);
    process.kill(pid, "SIGKILL");
  });

  test("tells how the process failed before it served", async () => {
    const started = Bun.spawn([process.execPath, PROGRAM, "fail"], { stdout: "pipe", stderr: "pipe" });
    expect(await started.stderr.text()).toContain("it can't serve");
    expect(await started.exited).toBe(65);
  });
});
