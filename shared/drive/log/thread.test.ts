import { expect, test } from "bun:test";
import { join } from "node:path";

test("a line written in a thread that blocks at once comes out", async () => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "testdata/log-in-thread.ts")], {
    stderr: "pipe",
    stdout: "inherit",
  });
  const reader = child.stderr.getReader();
  try {
    const { value } = await reader.read();
    expect(new TextDecoder().decode(value)).toBe("<4>from the thread\n");
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
});
