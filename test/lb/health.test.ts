/** Health of servers beside HAProxy: the same servers and agents, the same changes in the same order. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { until } from "../../shared/lab/host.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { exchange, HAS_HAPROXY } from "./pair.ts";
import { type Running, startBalancer, type Which } from "./running.ts";

const STEP_LIMIT_MS = 60_000;
/** How long a line may be on its way. */
const LOG_LIMIT_MS = 10_000;
/** `inter` is also the limit of a connection. */
const CHECK = "check inter 1s fastinter 60ms downinter 100ms";

interface Ports {
  readonly server: number;
  /** Always well. */
  readonly well: number;
  readonly agent: number;
  readonly observed: readonly number[];
}

const configuration = ({ server, agent, observed, well }: Ports, folder: string, states: string): string => `global
 log stdout format raw local0 notice
 external-check
 insecure-fork-wanted
 max-spread-checks 200ms
 server-state-file ${states}
defaults
 mode http
 log global
 retries 0
 load-server-state-from-file global
 timeout client 20s
 timeout server 20s
 timeout connect 20s
 timeout check 20s
backend plain
 option httpchk GET /
 server s1 127.0.0.1:${server} ${CHECK} rise 2 fall 3
 server s2 127.0.0.1:${server} backup ${CHECK} rise 1 fall 1
backend told
 option log-health-checks
 option httpchk GET /
 server s1 127.0.0.1:${server} ${CHECK} rise 2 fall 3
backend fading
 option httpchk GET /
 http-check disable-on-404
 server s1 127.0.0.1:${server} ${CHECK} fall 2
backend agents
 server s1 127.0.0.1:1 weight 10 agent-check agent-addr 127.0.0.1 agent-port ${agent} agent-inter 100ms
 server s2 127.0.0.1:${server} weight 10 ${CHECK} agent-check agent-port ${agent} agent-inter 100ms agent-send who\\n
backend followers
 server t1 127.0.0.1:${server} track plain/s1
 server t2 127.0.0.1:${server} track agents/s2
backend programs
 option external-check
 external-check command ${folder}/program
 external-check path /bin:/usr/bin
 server e1 127.0.0.1:${server} maxconn 7 check inter 4s fastinter 1s downinter 1s rise 1 fall 1
backend off
 server d1 127.0.0.1:${server} disabled
${observed
  .map(
    (port, index) => `listen watched${index}
 bind 127.0.0.1:${port}
 option httpchk GET /
 server o1 127.0.0.1:${server} check port ${well} inter 20s rise 1000 fall 3 observe layer7 error-limit 4 on-error ${["mark-down", "fail-check", "sudden-death", "fastinter"][index] ?? ""}
`,
  )
  .join("")}`;

/** Backend, server, operational and administrative state, both weights. */
async function seen(one: Running): Promise<string> {
  const lines = (await one.ask("show servers state")).split("\n").filter((line) => /^\d+ /.test(line));
  return lines
    .map((line) => {
      const words = line.split(" ");
      return [1, 3, 5, 6, 7, 8].map((column) => words[column]).join(" ");
    })
    .join("\n");
}

/** Lines on each server, in their order. */
function stories(one: Running): Record<string, readonly string[]> {
  const stories: Record<string, string[]> = {};
  for (const line of one.lines()) {
    const name = /(?:[Ss]erver) (\w+\/\w+)/.exec(line)?.[1];
    if (name === undefined || line.startsWith("[")) continue;
    (stories[name] ??= []).push(
      line
        .replace(/check duration: \d+ms/, "check duration: N")
        // With a check and an agent, it depends on the moment which of them says the last word.
        .replace(/(agents\/s2 is UP, reason: ).*/, "$1either")
        // How others of the backend are in that moment is theirs to tell.
        .replace(/\. \d+ active and .*/, ""),
    );
  }
  return stories;
}

describe.skipIf(!HAS_HAPROXY)("health beside haproxy", () => {
  const folder = mkdtempSync(join(tmpdir(), "lb-health-"));
  let status = "200 OK";
  let said = "ready\n";
  const asked: string[] = [];
  const servers: Server[] = [];
  const both: Running[] = [];
  const ports: Partial<Record<Which, Ports>> = {};

  const listen = async (serve: (socket: Socket) => void): Promise<number> => {
    const server = createServer({ allowHalfOpen: false }, (socket) => {
      socket.on("error", () => undefined);
      serve(socket);
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    servers.push(server);
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  };

  beforeAll(async () => {
    writeFileSync(
      join(folder, "program"),
      `#!/bin/sh\ncd ${folder}\necho "$@" > arguments.$$ && env > env.$$ && mv arguments.$$ arguments && mv env.$$ env\nexit $(cat code)\n`,
    );
    chmodSync(join(folder, "program"), 0o755);
    writeFileSync(join(folder, "code"), "0");
    const server = await listen((socket) => {
      socket.on("data", (data) => {
        const text = data.toString("latin1").startsWith("GET /fault ") ? "500 Internal Server Error" : status;
        socket.end(`HTTP/1.1 ${text}\r\nContent-Length: 0\r\n\r\n`);
      });
    });
    const agent = await listen((socket) => {
      socket.on("data", (data) => asked.push(data.toString("latin1")));
      socket.end(said);
    });
    const well = await listen((socket) => {
      socket.on("data", () => void socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    });
    for (const which of ["haproxy", "ha-lb"] as const) {
      const observed = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
      ports[which] = { server, agent, observed, well };
      const text = configuration({ server, agent, observed, well }, folder, join(folder, "states"));
      both.push(await startBalancer(which, text));
    }
  });
  afterAll(async () => {
    await Promise.all(both.map((one) => one.stop()));
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true });
  });

  /** Both come to the same states, with `signs` among them. */
  const agree = async (...signs: string[]): Promise<void> => {
    const states: string[] = [];
    try {
      await until(
        "the same states",
        async () => {
          for (const [index, one] of both.entries()) states[index] = await seen(one);
          return states[0] === states[1] && signs.every((sign) => states[0]?.includes(sign) === true);
        },
        STEP_LIMIT_MS,
      );
    } catch {
      expect(states[1]).toBe(states[0] ?? "");
      expect(states[1]).toContain(signs.join(" and "));
    }
  };
  const step = (name: string, act: () => unknown, ...signs: string[]) =>
    test(name, async () => {
      await act();
      await agree(...signs);
    });

  const tell = (command: string) => Promise.all(both.map(async (one) => await one.ask(command)));
  const ok = (code: string) => () => {
    status = code;
  };
  const agentSays = (text: string) => () => {
    said = `${text}\n`;
  };
  const programEnds = (code: number) => () => {
    writeFileSync(join(folder, "code"), String(code));
  };

  step(
    "all are up",
    async () => {
      await until("the first checks", () =>
        both.every((one) => one.lines().some((line) => line.includes("told/s1 succeeded"))),
      );
    },
    "plain s1 2 0",
    "programs e1 2 0",
    "off d1 0 5",
  );
  step(
    "wrong answers take them down",
    ok("500 Internal Server Error"),
    "plain s1 0 0",
    "plain s2 0 0",
    "told s1 0 0",
    "followers t1 0 0",
    "fading s1 0",
  );
  step(
    "good answers bring them back",
    ok("200 OK"),
    "plain s1 2 0",
    "plain s2 2 0",
    "followers t1 2 0",
    "told s1 2",
    "fading s1 2",
  );
  step(
    "404 makes one stop and takes the others down",
    ok("404 Not Found"),
    "fading s1 3",
    "plain s1 0",
    "plain s2 0",
    "told s1 0",
  );
  step("and back", ok("200 OK"), "fading s1 2", "plain s1 2", "plain s2 2", "told s1 2");
  step("an agent says half the weight", agentSays("50%"), "agents s1 2 0 5 10", "agents s2 2 0 5 10");
  step("drain", agentSays("drain"), "agents s1 2 8", "agents s2 2 8", "followers t2 2 16");
  step(
    "ready, and all the weight",
    agentSays("ready 100%"),
    "agents s1 2 0 10",
    "agents s2 2 0 10",
    "followers t2 2 0",
  );
  step("maint", agentSays("maint"), "agents s1 0 1", "agents s2 0 1", "followers t2 0 2");
  step("ready", agentSays("ready"), "agents s1 2 0", "agents s2 2 0");
  step(
    "down, with a reason",
    agentSays("down #the disk is full"),
    "agents s1 0 0",
    "agents s2 0 0",
    "followers t2 0 0",
  );
  step("words that nobody knows change nothing", agentSays("nonsense 12"), "agents s2 0 0");
  step("up", agentSays("up,ready"), "agents s1 2 0", "agents s2 2 0", "followers t2 2 0");
  step("stopped", agentSays("stopped"), "agents s1 0 0", "agents s2 0 0");
  step("up with several words", agentSays("20% up\tmaxconn:3"), "agents s1 2 0 2", "agents s2 2 0 2");
  test("the agent was asked with what agent-send says, and its limit is in force", async () => {
    expect(asked).toContain("who\n");
    for (const one of both) expect(await one.ask("show stat agents 4 1")).toMatch(/^agents,s1,0,0,0,0,3,/m);
  });
  step("a program says no", programEnds(3), "programs e1 0 0");
  step("and yes", programEnds(0), "programs e1 2 0");
  test("the program was told where to look", async () => {
    const texts: string[] = [];
    for (const stopped of both) {
      // One of the two at a time: the other's program doesn't run meanwhile.
      await stopped.ask("disable server programs/e1");
      rmSync(join(folder, "env"), { force: true });
      await until("a check", () => existsSync(join(folder, "env")));
      const env = readFileSync(join(folder, "env"), "utf8").split("\n");
      texts.push(
        [
          readFileSync(join(folder, "arguments"), "utf8"),
          ...env.filter((line) => /^(HAPROXY_|PATH=)/.test(line)).toSorted(),
        ].join("\n"),
      );
      await stopped.ask("enable server programs/e1");
    }
    expect(texts[1]).toBe(texts[0] ?? "");
    await agree("programs e1 2 0");
  });
  step(
    "an operator's maintenance, drain and return",
    async () => {
      for (const command of ["disable server plain/s1", "set server plain/s2 state drain"]) await tell(command);
      await agree("plain s1 0 1", "plain s2 2 8", "followers t1 0 2");
      for (const command of ["enable server plain/s1", "set server plain/s2 state ready"]) await tell(command);
    },
    "plain s1 2 0",
    "plain s2 2 0",
    "followers t1 2 0",
  );
  step(
    "traffic tells of faults: observe, error-limit, on-error",
    async () => {
      // Until its first check passed, one failure takes a server down.
      await until(
        "the first checks of those that are watched",
        async () => {
          const rows = (await Promise.all(both.map((one) => one.ask("show servers state")))).map((text) =>
            text.split("\n").filter((line) => /^\d+ watched\d 1 o1 \S+ 2 0 1 1 \d+ \d+ 3 1002 /.test(line)),
          );
          return rows.every((passed) => passed.length === 4);
        },
        STEP_LIMIT_MS,
      );
      for (const which of ["haproxy", "ha-lb"] as const) {
        for (const port of ports[which]?.observed ?? []) {
          // At once: a check that passes between two of them would begin the count anew.
          const fault = "GET /fault HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
          await Promise.all(Array.from({ length: 4 }, () => exchange(port, fault)));
        }
      }
    },
    "watched0 o1 0 0",
    "watched1 o1 2 0",
    "watched3 o1 2 0",
  );

  test("show stat names the same states, also of those that track", async () => {
    const statuses = async (one: Running): Promise<readonly string[]> => {
      const rows = (await one.ask("show stat")).split("\n").map((line) => line.split(","));
      return rows
        .filter(([backend]) => /^(plain|followers|fading|off|programs)$/.test(backend ?? ""))
        .map((row) => `${row[0]}/${row[1]} ${row[17]}`);
    };
    const same = async (sign: string): Promise<void> => {
      await until(sign, async () => {
        const [peer, ours] = await Promise.all(both.map(statuses));
        return peer?.includes(sign) === true && JSON.stringify(peer) === JSON.stringify(ours);
      });
    };
    await same("followers/t1 UP");
    await tell("disable server plain/s1");
    await same("followers/t1 MAINT (via plain/s1)");
    await tell("enable server plain/s1");
    await same("followers/t1 UP");
    await tell("set server plain/s1 state drain");
    await same("followers/t1 DRAIN");
    await tell("enable server plain/s1");
    await same("followers/t1 UP");
  });

  test("the log tells the same of each server, in the same order", async () => {
    const told = (): Record<string, readonly string[]>[] => both.map(stories);
    await until("the same lines", () => isDeepStrictEqual(told()[0], told()[1]), LOG_LIMIT_MS).catch(() => undefined);
    const [peer, ours] = told();
    expect(ours).toEqual(peer ?? {});
  });

  test("states go from one process to the other, both ways", async () => {
    await tell("set server plain/s1 state drain");
    await tell("set server told/s1 weight 7");
    await tell("disable server fading/s1");
    status = "404 Not Found";
    await agree("plain s1 0 8", "told s1 0 0 7", "fading s1 0 1");
    // Whatever runs next starts where these stopped: before any check could say anything.
    for (const [index, one] of both.entries()) {
      const text = await one.ask("show servers state");
      writeFileSync(join(folder, "states"), text.trimStart());
      const next = await Promise.all(
        (["haproxy", "ha-lb"] as const).map(async (which) => {
          const { server, agent, well } = ports[which] ?? { server: 0, agent: 0, well: 0 };
          const observed = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
          const states = join(folder, "states");
          const slow = configuration({ server, agent, observed, well }, folder, states).replaceAll(
            CHECK,
            "check inter 60s fastinter 60s downinter 60s",
          );
          return await startBalancer(which, slow.replaceAll("agent-inter 100ms", "agent-inter 60s"));
        }),
      );
      try {
        const states = await Promise.all(next.map(seen));
        expect(`${index} ${states[1]}`).toBe(`${index} ${states[0]}`);
        expect(states[1]).toContain("told s1 0 0 7 1");
      } finally {
        await Promise.all(next.map((two) => two.stop()));
      }
    }
  });
});
