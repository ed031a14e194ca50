import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { findHosts } from "../../shared/lab/find.ts";
import { named, requireNamespaces, requirePrograms } from "../../shared/lab/requirements.ts";
import { labSupport } from "../../shared/lab/support.ts";
import { machineState, tracesOf, whatRemains } from "./traces.ts";

const START = join(import.meta.dir, "..", "..", "shared", "build", "start.ts");
/** Building three binaries and telling the story, on a busy machine. */
const CASE_LIMIT_MS = 300_000;

/** Not the one of somebody who looks at the demonstration meanwhile. */
const LABEL = `demo-test-${process.pid}`;
const env = { ...process.env, FIVENINES_DEMO_LABEL: LABEL };

const lacking = requireNamespaces();
const userMode = labSupport("user");

/** Starts `npm start` with its output collected. */
function start(...words: readonly string[]) {
  const child = Bun.spawn([process.execPath, START, ...words], {
    env,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    detached: true,
  });
  let said = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) said += decoder.decode(chunk, { stream: true });
  };
  const done = Promise.all([collect(child.stdout), collect(child.stderr)]);
  return { child, done, said: () => said };
}

describe.skipIf(lacking !== undefined)(named("npm start", lacking), () => {
  for (const mode of ["", "--rootless"]) {
    const why = mode === "" || userMode.mode === "user" ? undefined : "needs user namespaces";
    test.skipIf(why !== undefined)(
      named(`tells how the address survives the death of its host ${mode}`.trim(), why),
      async () => {
        const words = mode === "" ? ["--once"] : ["--once", mode];
        const { child, done, said } = start(...words);
        await done;
        expect(said()).toMatch(/\bh[123] holds 10\.77\.0\.100; the others wait/);
        expect(said()).toMatch(/POWER LOSS of h[123]/);
        expect(said()).toMatch(/10\.77\.0\.100 moved from h[123] to h[123]: for \d+ ms nobody answered/);
        expect(said()).toMatch(/calm +\d+ datagrams, all answered by h[123] \d+\n +\d+ web requests, none failed/);
        expect(await child.exited).toBe(0);
      },
      CASE_LIMIT_MS,
    );
  }

  test(
    "leaves nothing behind when it is killed in the middle",
    async () => {
      const before = machineState();
      const { child, done, said } = start("--once");
      await until("the story is under way", () => said().includes("POWER LOSS"), CASE_LIMIT_MS);
      const traces = tracesOf(child.pid);
      expect(traces.namespaces.size).toBeGreaterThan(10);
      child.kill("SIGKILL");
      await done;
      expect(await whatRemains(traces)).toEqual([]);
      expect([...machineState()].filter((line) => !before.has(line))).toEqual([]);
    },
    CASE_LIMIT_MS,
  );

  test(
    "on a terminal obeys keys, lets others in, and ends with q",
    async () => {
      let screen = "";
      const child = Bun.spawn([process.execPath, START], {
        env,
        terminal: { cols: 120, rows: 40, data: (_terminal, data) => (screen += new TextDecoder().decode(data)) },
      });
      const { terminal } = child;
      if (terminal === undefined) throw new Error("asked for a terminal");
      try {
        const shows = (what: RegExp) => until(String(what), () => what.test(screen), CASE_LIMIT_MS);
        await shows(/Press a key/);
        expect(findHosts(LABEL).map((host) => host.name)).toContain("client");
        const shell = start("exec", "client", "hostname");
        await shell.done;
        expect(shell.said()).toBe("client\n");
        // On a busy machine it may be on its way when it is asked for.
        for (let asked = 1; !/address on: h[123]; running: h1 h2 h3/.test(screen); asked += 1) {
          terminal.write("s");
          await until("an answer", () => screen.split("address on:").length > asked, CASE_LIMIT_MS);
        }
        terminal.write("k");
        await shows(/h[123] loses power[\s\S]*web requests/);
        terminal.write("s");
        await shows(/without power: h[123]/);
        terminal.write("q");
        expect(await child.exited).toBe(0);
        expect(findHosts(LABEL)).toEqual([]);
      } finally {
        child.kill("SIGKILL");
        terminal.close();
      }
    },
    CASE_LIMIT_MS,
  );
});

describe("npm start refuses", () => {
  test("words that it doesn't know", async () => {
    const { child, done, said } = start("--onec");
    await done;
    expect(said()).toContain("--once");
    expect(await child.exited).toBe(64);
  });

  test("a host in a demonstration that doesn't run", async () => {
    const { child, done, said } = start("exec", "h1", "true");
    await done;
    expect([69, 105]).toContain(await child.exited);
    expect(said()).toMatch(/no demonstration runs here|running:/);
  });

  const why = requirePrograms("setpriv") ?? (userMode.mode === "user" ? undefined : "needs user namespaces");
  test.skipIf(why !== undefined)(named("a machine without namespaces, with the reason", why), async () => {
    // Inside a user namespace that allows no further one, without the right to make the other kinds.
    const script =
      'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$@"';
    const child = Bun.spawn(
      ["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", process.execPath, START],
      {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    const [errors, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
    expect(errors).toContain("doesn't allow");
    expect(code).toBe(77);
  });
});
