/** `ha-lb servers`, `top`, `drain`, `maint`, `ready`: the servers of the running balancer. */
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { type Command, defineCommand } from "../../../shared/cli/command.ts";
import type { Context } from "../../../shared/cli/context.ts";
import { DAEMON_OPTIONS, socketOf } from "../../../shared/cli/daemon-commands.ts";
import type { Table } from "../../../shared/cli/table.ts";
import { callControl } from "../../../shared/drive/control/client.ts";
import { EXIT, type ExitCode } from "../../../shared/model/exit-codes.ts";
import { describe, reason } from "../../../shared/reason/catalogue.ts";
import { roundDuration } from "../../../shared/text/duration.ts";
import { LB_CONFIG_REASONS } from "../model/reasons.ts";
import { type ServerView, serverViewSchema } from "./run/server-methods.ts";

const answerSchema = z.object({ servers: z.array(serverViewSchema) });
const CLEAR = "\u001b[H\u001b[J";
const POLL_MS = 200;

type AnyContext = Pick<Context, "io" | "out"> & {
  readonly options: { readonly socket?: string | undefined; readonly timeout: number };
};

async function ask(
  { io, options, out }: AnyContext,
  method: string,
  params: Record<string, string>,
): Promise<readonly ServerView[] | ExitCode> {
  const asked = { timeoutMs: options.timeout, schema: answerSchema };
  const outcome = await callControl(socketOf("ha-lb", io, options.socket), method, params, asked);
  return outcome.ok ? outcome.result.servers : out.problems(outcome.problems, outcome.exit);
}

function tableOf(servers: readonly ServerView[]): Table {
  return {
    columns: [
      { key: "backend" },
      { key: "server" },
      { key: "address" },
      { key: "status", tone: (value) => (String(value).startsWith("UP") ? "good" : "warning") },
      { key: "weight" },
      { key: "sessions" },
      { key: "queued" },
      { key: "perSecond" },
      { key: "total" },
    ],
    rows: servers.map((server) => ({ ...server })),
    whenEmpty: "no servers",
  };
}

const serversCommand = defineCommand({
  name: "servers",
  summary: "List the servers with their states and sessions",
  options: DAEMON_OPTIONS,
  run: async (context) => {
    const servers = await ask(context, "servers", {});
    return typeof servers === "number" ? servers : context.out.show({ table: tableOf(servers) });
  },
});

const topCommand = defineCommand({
  name: "top",
  summary: "Show the busiest servers again and again, until Ctrl-C",
  options: {
    ...DAEMON_OPTIONS,
    every: { type: "duration", summary: "time between two looks", leastMs: 100, mostMs: 60_000, default: 1000 },
    count: { type: "number", summary: "end after so many looks", least: 1, most: 1_000_000 },
  },
  examples: [{ run: "ha-lb top --every 500ms", does: "twice a second" }],
  run: async (context) => {
    const { io, options, out } = context;
    const times = options.count ?? (io.stdout.isTerminal ? Number.POSITIVE_INFINITY : 1);
    for (let look = 0; look < times; look += 1) {
      const servers = await ask(context, "servers", {});
      if (typeof servers === "number") return servers;
      if (io.stdout.isTerminal) io.stdout.write(CLEAR);
      const busiest = servers.toSorted(
        (left, right) => right.perSecond - left.perSecond || right.sessions - left.sessions,
      );
      out.show({ table: tableOf(busiest) });
      if (look + 1 < times) await pause(options.every);
    }
    return EXIT.ok;
  },
});

const SERVER_ARGUMENT = { server: { summary: "BACKEND/SERVER", required: true } } as const;

/** The two names, or the problem told. */
function namesOf(word: string, { out }: Pick<Context, "out">): { backend: string; server: string } | ExitCode {
  const slash = word.indexOf("/");
  if (slash > 0 && slash < word.length - 1) return { backend: word.slice(0, slash), server: word.slice(slash + 1) };
  const fact = reason(LB_CONFIG_REASONS, "LB_NO_SERVER", { name: word, hint: "write BACKEND/SERVER" });
  return out.problems([describe(LB_CONFIG_REASONS, fact)], EXIT.usage);
}

const drainCommand = defineCommand({
  name: "drain",
  summary: "Give a server no new clients and wait until the last session has ended",
  description:
    "Clients that a cookie ties to the server still come to it. When the time is over first, the server stays drained, " +
    "the exit code is 124, and the sessions that are left are told.",
  args: SERVER_ARGUMENT,
  options: {
    ...DAEMON_OPTIONS,
    wait: {
      type: "duration",
      summary: "how long to wait; 0 for not at all",
      leastMs: 0,
      mostMs: 86_400_000,
      default: 600_000,
    },
  },
  danger: "reversible",
  examples: [{ run: "ha-lb drain web/s1 --wait 5m", does: "before maintenance of s1; ha-lb ready web/s1 ends it" }],
  run: async (context) => {
    const { args, options, out, progress } = context;
    const names = namesOf(args.server, context);
    if (typeof names === "number") return names;
    let servers = await ask(context, "set-server", { ...names, state: "drain" });
    if (typeof servers === "number") return servers;
    const started = performance.now();
    const first = servers[0]?.sessions ?? 0;
    const bar = progress({ label: `drain ${args.server}`, total: Math.max(1, first), unit: "sessions" });
    for (;;) {
      const left = servers.find((one) => one.backend === names.backend && one.server === names.server)?.sessions ?? 0;
      bar.update(Math.max(0, first - left));
      const tookMs = performance.now() - started;
      if (left === 0) {
        bar.done(`${args.server} is empty after ${roundDuration(tookMs)}`);
        return out.show({ json: { server: args.server, left: 0, tookMs: Math.round(tookMs) }, text: "" });
      }
      if (tookMs >= options.wait) {
        bar.done(`${left} sessions are left`);
        return out.show({ json: { server: args.server, left, tookMs: Math.round(tookMs) }, text: "" }, EXIT.timeout);
      }
      await pause(POLL_MS);
      servers = await ask(context, "servers", {});
      if (typeof servers === "number") return servers;
    }
  },
});

function stateCommand(name: "maint" | "ready", summary: string): Command {
  return defineCommand({
    name,
    summary,
    args: SERVER_ARGUMENT,
    options: DAEMON_OPTIONS,
    danger: "reversible",
    run: async (context) => {
      const names = namesOf(context.args.server, context);
      if (typeof names === "number") return names;
      const servers = await ask(context, "set-server", { ...names, state: name });
      return typeof servers === "number" ? servers : context.out.show({ table: tableOf(servers) });
    },
  });
}

export const serverCommands: readonly Command[] = [
  serversCommand,
  topCommand,
  drainCommand,
  stateCommand("maint", "Take a server out of service: no clients and no checks"),
  stateCommand("ready", "Put a drained server or one in maintenance back into service"),
];
