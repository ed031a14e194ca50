/** Verbs that ask the running daemon: apply, dump, metrics, release, resume. */
import { z } from "zod";
import type { Command } from "../../../shared/cli/command.ts";
import { defineCommand } from "../../../shared/cli/command.ts";
import { DAEMON_OPTIONS, socketOf } from "../../../shared/cli/daemon-commands.ts";
import { callControl } from "../../../shared/drive/control/client.ts";
import { EXIT } from "../../../shared/model/exit-codes.ts";

const countsSchema = z.object({ added: z.number(), changed: z.number(), removed: z.number(), kept: z.number() });
const routersSchema = z.object({ routers: z.array(z.string()) });

const applyCommand = defineCommand({
  name: "apply",
  summary: "Make the running daemon read its configuration anew; what is unchanged is left alone",
  options: DAEMON_OPTIONS,
  danger: "reversible",
  run: async ({ io, options, out }) => {
    const outcome = await callControl(
      socketOf("ha-vip", io, options.socket),
      "apply",
      {},
      { timeoutMs: options.timeout, schema: countsSchema },
    );
    if (!outcome.ok) return out.problems(outcome.problems, outcome.exit);
    const { added, changed, kept, removed } = outcome.result;
    return out.show({
      json: outcome.result,
      text: `${added} added, ${changed} changed, ${removed} removed, ${kept} untouched`,
    });
  },
});

const dumpCommand = defineCommand({
  name: "dump",
  summary: "Print everything the daemon knows as JSON",
  options: DAEMON_OPTIONS,
  run: async ({ io, options, out }) => {
    const outcome = await callControl(
      socketOf("ha-vip", io, options.socket),
      "dump",
      {},
      { timeoutMs: options.timeout },
    );
    if (!outcome.ok) return out.problems(outcome.problems, outcome.exit);
    out.data(`${JSON.stringify(outcome.result, undefined, 2)}\n`);
    return EXIT.ok;
  },
});

const metricsCommand = defineCommand({
  name: "metrics",
  summary: "Print the metrics in Prometheus' text form",
  options: DAEMON_OPTIONS,
  run: async ({ io, options, out }) => {
    const schema = z.object({ text: z.string() });
    const outcome = await callControl(
      socketOf("ha-vip", io, options.socket),
      "metrics",
      {},
      { timeoutMs: options.timeout, schema },
    );
    if (!outcome.ok) return out.problems(outcome.problems, outcome.exit);
    out.data(outcome.result.text);
    return EXIT.ok;
  },
});

const releaseCommand = defineCommand({
  name: "release",
  aliases: ["standby", "drill"],
  summary: "Hand addresses over to another host without a gap, and stay away from them for a while",
  description:
    "The successor announces the address before this host lets go. Without another host that runs ha-vip it goes the " +
    "way of VRRP: the address is gone until a backup takes it. It always ends by itself. As a drill, use a short time " +
    "and watch the clients.",
  args: { router: { summary: "the virtual router; all when not given" } },
  options: {
    ...DAEMON_OPTIONS,
    for: { type: "duration", summary: "how long", leastMs: 1000, mostMs: 30 * 86_400_000, default: 3_600_000 },
  },
  danger: "reversible",
  examples: [
    { run: "ha-vip release --for 2h", does: "keeps all addresses away during maintenance" },
    { run: "ha-vip drill VI_1 --for 30s", does: "tries the failover of one address" },
  ],
  run: async ({ args, io, options, out }) => {
    const params = { forMs: options.for, why: "", ...(args.router === undefined ? {} : { router: args.router }) };
    const outcome = await callControl(socketOf("ha-vip", io, options.socket), "release", params, {
      timeoutMs: options.timeout,
      schema: routersSchema,
    });
    if (!outcome.ok) return out.problems(outcome.problems, outcome.exit);
    return out.show({ json: outcome.result, text: `released: ${outcome.result.routers.join(", ")}` });
  },
});

const resumeCommand = defineCommand({
  name: "resume",
  summary: "End a release before its time",
  args: { router: { summary: "the virtual router; all when not given" } },
  options: DAEMON_OPTIONS,
  danger: "reversible",
  run: async ({ args, io, options, out }) => {
    const params = args.router === undefined ? {} : { router: args.router };
    const outcome = await callControl(socketOf("ha-vip", io, options.socket), "resume", params, {
      timeoutMs: options.timeout,
      schema: routersSchema,
    });
    if (!outcome.ok) return out.problems(outcome.problems, outcome.exit);
    const { routers } = outcome.result;
    return out.show({
      json: outcome.result,
      text: routers.length === 0 ? "nothing was released" : `back: ${routers.join(", ")}`,
    });
  },
});

export const controlCommands: readonly Command[] = [
  applyCommand,
  dumpCommand,
  metricsCommand,
  releaseCommand,
  resumeCommand,
];
