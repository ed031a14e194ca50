import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

const eventSchema = z.looseObject({ kind: z.string(), pid: z.number().optional() });

/** Reads JSON lines until one of the kind comes. */
async function nextOf(lines: AsyncIterator<string>, kind: string): Promise<z.infer<typeof eventSchema>> {
  for (;;) {
    const step = await lines.next();
    if (step.done === true) throw new Error(`the output ended before "${kind}"`);
    const event = eventSchema.parse(JSON.parse(step.value));
    if (event.kind === kind) return event;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

test("a compiled binary supervises itself, from any directory, and starts its own image again", async () => {
  const directory = mkdtempSync(join(tmpdir(), "compiled-"));
  const binary = join(directory, "program");
  try {
    const built = await Bun.build({
      entrypoints: [join(import.meta.dir, "testdata/program.ts")],
      compile: { outfile: binary, autoloadDotenv: false, autoloadBunfig: false },
    });
    expect(built.success).toBe(true);
    const started = Bun.spawn([binary], { cwd: "/", stdout: "pipe", stderr: "inherit" });
    const lines = linesOf(started.stdout);
    const first = (await nextOf(lines, "ready")).pid ?? 0;
    expect(readFileSync(`/proc/${first}/cmdline`, "utf8").split("\0")[0]).toBe(binary);
    process.kill(first, "SIGKILL");
    await nextOf(lines, "hook");
    const second = (await nextOf(lines, "ready")).pid ?? 0;
    expect(second).not.toBe(first);
    started.kill("SIGTERM");
    expect(await started.exited).toBe(0);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
