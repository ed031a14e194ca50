import { afterEach, describe as group, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { z } from "zod";
import { EXIT } from "../../model/exit-codes.ts";
import fc from "fast-check";
import { until as waitUntil } from "../../lab/host.ts";
import { callControl, ControlClient } from "./client.ts";
import { LineSplitter } from "./lines.ts";
import { callMethod, streamMethod, type Subscriber } from "./methods.ts";
import { answer, refuse } from "./protocol.ts";
import { startControlServer, type ControlServer, type ControlServerSpec } from "./server.ts";
import type { ControlAction } from "./session.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
});

function place(): string {
  const directory = mkdtempSync(join(tmpdir(), "control-"));
  cleanups.push(() => {
    rmSync(directory, { recursive: true });
  });
  return join(directory, "ha-test", "control.sock");
}

const problem = { code: "T_NO", severity: "error" as const, sentence: "no", data: { a: 1 } };
const subscribers: Subscriber[] = [];
let stopped = 0;
const methods = {
  echo: callMethod({ summary: "", params: z.strictObject({ text: z.string() }), run: ({ text }) => answer({ text }) }),
  change: callMethod({
    summary: "",
    params: z.strictObject({}),
    action: true,
    run: () => refuse(EXIT.breaksRule, [problem]),
  }),
  throws: callMethod({
    summary: "",
    params: z.strictObject({}),
    run: () => {
      throw new Error("a planted defect");
    },
  }),
  slow: callMethod({
    summary: "",
    params: z.strictObject({}),
    run: async () => {
      await Bun.sleep(50);
      return answer("late");
    },
  }),
  never: callMethod({ summary: "", params: z.strictObject({}), run: async () => await new Promise(() => undefined) }),
  events: streamMethod({
    summary: "",
    params: z.strictObject({}),
    subscribe: (_params, subscriber) => {
      subscribers.push(subscriber);
      subscriber.push("early");
      return {
        ok: true,
        result: "first",
        stop: () => {
          stopped += 1;
        },
      };
    },
  }),
};

async function start(path: string, more: Partial<ControlServerSpec> = {}): Promise<ControlServer> {
  const outcome = await startControlServer({ tool: "ha-test", version: "1", path, methods, ...more });
  if (!outcome.ok) throw new Error(outcome.problems[0]?.sentence);
  cleanups.push(() => {
    outcome.server.close();
  });
  return outcome.server;
}

async function client(path: string): Promise<ControlClient> {
  const outcome = await ControlClient.connect(path);
  if (!outcome.ok) throw new Error(outcome.problems[0]?.sentence);
  cleanups.push(() => {
    outcome.client.close();
  });
  return outcome.client;
}

const until = (condition: () => boolean): Promise<void> => waitUntil(String(condition), condition);

const sentence = (outcome: { ok: boolean } & { problems?: readonly { code: string }[] }) => outcome.problems?.[0]?.code;

group("calls", () => {
  test("answer, refusal, defect, wrong parameters, unknown method", async () => {
    const defects: string[] = [];
    const path = place();
    await start(path, { onDefect: (method) => defects.push(method) });
    expect(await callControl(path, "echo", { text: "é" })).toEqual({ ok: true, result: { text: "é" } });
    expect(await callControl(path, "change")).toEqual({ ok: false, exit: 113, problems: [problem] });
    const defect = await callControl(path, "throws");
    expect([defect.ok ? 0 : defect.exit, sentence(defect), defects]).toEqual([1, "CONTROL_DEFECT", ["throws"]]);
    const wrong = await callControl(path, "echo", { text: 1, more: 2 });
    expect(wrong.ok ? [] : wrong.problems.map((one) => one.data["path"])).toEqual(["text", "these parameters"]);
    const unknown = await callControl(path, "ehco");
    expect(unknown.ok ? "" : unknown.problems[0]?.fix).toBe('did you mean "echo"?');
  });

  test("the result is checked by the schema of the caller", async () => {
    const path = place();
    await start(path);
    const outcome = await callControl(path, "echo", { text: "x" }, { schema: z.object({ text: z.number() }) });
    expect(sentence(outcome)).toBe("CONTROL_ANSWER_SHAPE");
  });

  test("no daemon, dead socket, silence, a stranger: each has its own sentence and exit code", async () => {
    const path = place();
    const nobody = await callControl(path, "echo");
    expect([nobody.ok ? 0 : nobody.exit, sentence(nobody)]).toEqual([69, "CONTROL_NOT_RUNNING"]);
    const server = await start(path);
    const slow = await callControl(path, "never", {}, { timeoutMs: 30 });
    expect([slow.ok ? 0 : slow.exit, sentence(slow)]).toEqual([124, "CONTROL_TIMEOUT"]);
    server.close();
    const stranger = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => stranger.listen(path, resolve));
    expect(sentence(await callControl(path, "echo"))).toBe("CONTROL_NOT_A_DAEMON");
    stranger.close();
  });

  test("a daemon that dies in the middle of a question", async () => {
    const path = place();
    const server = await start(path);
    const one = await client(path);
    const pending = one.call("never");
    server.close();
    expect(sentence(await pending)).toBe("CONTROL_LOST");
    expect(sentence(await one.call("echo"))).toBe("CONTROL_LOST");
  });

  test("actions are told with the caller that the kernel names", async () => {
    const actions: ControlAction[] = [];
    const path = place();
    await start(path, { onAction: (action) => actions.push(action), allow: (_caller, method) => method !== "echo" });
    await callControl(path, "change");
    expect(actions).toEqual([
      {
        caller: {
          pid: process.pid,
          uid: process.getuid?.() ?? -1,
          gid: process.getgid?.() ?? -1,
          user: expect.any(String),
        },
        method: "change",
        params: {},
        exit: 113,
      },
    ]);
    const refused = await callControl(path, "echo", { text: "" });
    expect(refused.ok ? 0 : refused.exit).toBe(77);
  });
});

group("the socket", () => {
  test("is only for owner and group, and a second daemon is refused", async () => {
    const path = place();
    const server = await start(path);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    const second = await startControlServer({ tool: "ha-test", version: "1", path, methods });
    expect(second.ok ? "" : second.problems[0]?.sentence).toBe(`ha-test already runs here as process ${process.pid}`);
    expect((await callControl(path, "echo", { text: "a" })).ok).toBe(true);
    server.close();
    await start(path);
    expect((await callControl(path, "echo", { text: "a" })).ok).toBe(true);
  });

  test("a stale socket is replaced", async () => {
    const path = place();
    const server = await start(path);
    server.close();
    writeFileSync(path, "");
    await start(path);
    expect((await callControl(path, "echo", { text: "a" })).ok).toBe(true);
  });

  test("a path that is too long is refused with words", async () => {
    const outcome = await startControlServer({
      tool: "ha-test",
      version: "1",
      path: `/tmp/${"x".repeat(120)}/a`,
      methods,
    });
    expect(sentence(outcome)).toBe("CONTROL_SOCKET");
  });
});

group("lines", () => {
  async function talk(path: string, text: string | Buffer, lines: number): Promise<unknown[]> {
    return await new Promise((resolve, reject) => {
      let got = "";
      const socket = connect({ path });
      socket.on("error", reject);
      socket.on("data", (chunk) => {
        got += String(chunk);
        const complete = got.split("\n").slice(0, -1);
        if (complete.length < lines) return;
        socket.destroy();
        resolve(complete.map((line): unknown => JSON.parse(line)));
      });
      socket.write(text);
    });
  }

  test("bad lines are answered, not fatal; requests cut anywhere work", async () => {
    const path = place();
    await start(path);
    const long = `{"id":3,"method":"echo","params":{"text":"${"x".repeat(1024 * 1024)}"}}\n`;
    const got = await talk(path, `nonsense\n{"id":1}\n\n${long}{"id":2,"method":"echo","params":{"text":"y"}}\r\n`, 5);
    expect(got[0]).toMatchObject({
      v: 1,
      tool: "ha-test",
      methods: ["echo", "change", "throws", "slow", "never", "events"],
    });
    const codes = got
      .slice(1, 4)
      .map(
        (line) =>
          z.object({ error: z.object({ problems: z.array(z.object({ code: z.string() })) }) }).parse(line).error
            .problems[0]?.code,
      );
    expect(codes).toEqual(["CONTROL_BAD_LINE", "CONTROL_BAD_LINE", "CONTROL_LINE_TOO_LONG"]);
    expect(got[4]).toEqual({ id: 2, result: { text: "y" } });
  });
});

test("a request that is longer than a line may be is refused before it is sent", async () => {
  const path = place();
  await start(path);
  const outcome = await callControl(path, "echo", { text: "x".repeat(1024 * 1024) });
  expect([outcome.ok ? 0 : outcome.exit, outcome.ok ? "" : outcome.problems[0]?.code]).toEqual([
    64,
    "CONTROL_LINE_TOO_LONG",
  ]);
});

group("clients that come and go", () => {
  test.skipIf(Bun.which("socat") === null)("a script that ends its input gets its answers", async () => {
    const path = place();
    const server = await start(path);
    const line = JSON.stringify({ id: 1, method: "slow" });
    const script = `echo '${line}' | socat -t 30 - UNIX-CONNECT:${path} | tail -n 1`;
    const socat = Bun.spawn(["bash", "-c", script], { stdout: "pipe" });
    expect(await new Response(socat.stdout).text()).toBe('{"id":1,"result":"late"}\n');
    await until(() => server.clients() === 0);
  });

  test("a client that half closed, subscribed and died leaves nothing behind", async () => {
    const path = place();
    const server = await start(path);
    const before = subscribers.length;
    const script = `require("node:net").connect({ path: process.argv[1], allowHalfOpen: true }).end('{"id":1,"method":"events"}\\n')`;
    const dying = Bun.spawn([process.execPath, "-e", script, path], { stdin: "ignore", stdout: "ignore" });
    await until(() => subscribers.length > before);
    expect(server.clients()).toBe(1);
    dying.kill("SIGKILL");
    await dying.exited;
    await until(() => {
      // The kernel tells of a reader that is gone when something is sent to it.
      subscribers.at(-1)?.push("x");
      return server.clients() === 0;
    });
  });

  test("more clients than there is room for are told so", async () => {
    const path = place();
    const server = await start(path);
    const all = await Promise.all(Array.from({ length: 64 }, async () => await client(path)));
    const more = await ControlClient.connect(path);
    expect([server.clients(), more.ok ? 0 : more.exit, more.ok ? "" : more.problems[0]?.code]).toEqual([
      64,
      75,
      "CONTROL_BUSY",
    ]);
    all[0]?.close();
    await until(() => server.clients() === 63);
    expect((await ControlClient.connect(path)).ok).toBe(true);
  });
});

test("lines are the same however the bytes are cut", () => {
  const piece = fc.constantFrom("a", "é", "\n", "\r\n", "日本", "x".repeat(30));
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.nat({ max: 9 })), (pieces, cuts) => {
      const bytes = Buffer.from(pieces.join(""));
      const whole = new LineSplitter(40).push(bytes);
      const splitter = new LineSplitter(40);
      const parts: ReturnType<LineSplitter["push"]> = [];
      let from = 0;
      for (const cut of [...cuts, bytes.length]) {
        parts.push(...splitter.push(bytes.subarray(from, from + cut)));
        from += cut;
      }
      expect(parts).toEqual(whole);
    }),
  );
});

group("subscriptions", () => {
  test("first answer, then events in order, cancel stops them", async () => {
    const path = place();
    await start(path);
    const one = await client(path);
    const got: unknown[] = [];
    stopped = 0;
    const outcome = await one.subscribe("events", {}, { onEvent: (event) => got.push(event) });
    if (!outcome.ok) throw new Error("refused");
    expect(outcome.subscription.first).toBe("first");
    const subscriber = subscribers.at(-1);
    for (let number = 1; number <= 3; number += 1) subscriber?.push(number);
    await until(() => got.length === 4);
    expect(got).toEqual(["early", 1, 2, 3]);
    outcome.subscription.cancel();
    await until(() => stopped === 1);
    subscriber?.push(4);
    expect((await one.call("echo", { text: "" })).ok).toBe(true);
    expect(got.length).toBe(4);
  });

  test("the end, and the loss of the connection", async () => {
    const path = place();
    const server = await start(path);
    const one = await client(path);
    const ends: (string | undefined)[] = [];
    const onEnd = (failure?: { problems: readonly { code: string }[] }) => ends.push(failure?.problems[0]?.code);
    await one.subscribe("events", {}, { onEvent: () => undefined, onEnd });
    subscribers.at(-1)?.end();
    await until(() => ends.length === 1);
    await one.subscribe("events", {}, { onEvent: () => undefined, onEnd });
    stopped = 0;
    server.close();
    await until(() => ends.length === 2 && stopped === 1);
    expect(ends).toEqual([undefined, "CONTROL_LOST"]);
  });

  test("a subscriber that doesn't read costs a bounded queue and learns how much it lost", async () => {
    const path = place();
    await start(path);
    const socket = connect({ path });
    cleanups.push(() => {
      socket.destroy();
    });
    socket.pause();
    const before = subscribers.length;
    socket.write('{"id":1,"method":"events"}\n');
    await until(() => subscribers.length > before);
    const sent = 5000;
    for (let number = 0; number < sent; number += 1) subscribers.at(-1)?.push({ number, text: "x".repeat(1000) });
    let got = "";
    socket.on("data", (chunk) => {
      got += String(chunk);
    });
    socket.resume();
    await until(() => got.includes('"dropped"'));
    const replyShape = z.object({ event: z.unknown().optional(), dropped: z.number().optional() });
    let dropped = 0;
    // The last line may still be on its way in parts.
    await until(() => {
      const replies = got
        .split("\n")
        .slice(2, -1)
        .map((line) => replyShape.parse(JSON.parse(line)));
      const events = replies.filter((reply) => reply.dropped === undefined).length - 1;
      dropped = replies.reduce((sum, reply) => sum + (reply.dropped ?? 0), 0);
      return events + dropped === sent;
    });
    expect(dropped).toBeGreaterThan(sent / 2);
  });
});
