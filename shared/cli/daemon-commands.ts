import { z } from "zod";
import { ControlClient, callControl } from "../drive/control/client.ts";
import { controlSocketPath, runDirectoryOf } from "../model/paths.ts";
import { statusEventSchema, statusReportSchema, type StatusEvent } from "../model/status.ts";
import { defineCommand, type Command } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";
import type { OutputFormat } from "./output.ts";
import { MOST_KEPT_EVENTS } from "../drive/control/event-feed.ts";
import { visible } from "../text/width.ts";
import { statusAnswer } from "./status-answer.ts";

/** Options of every command that talks to the daemon. */
export const DAEMON_OPTIONS = {
  socket: { type: "string", summary: "the daemon's control socket, when it isn't the usual one", placeholder: "PATH" },
  timeout: { type: "duration", summary: "how long to wait for the answer", bareUnit: "s", default: 5000 },
} as const;

/** The socket to talk to: `--socket`, or the tool's usual place. */
export function socketOf(tool: string, io: CliIo, given: string | undefined): string {
  return given ?? controlSocketPath(tool, runDirectoryOf(io.env));
}

/** The verb `status`, the same in every tool. */
export function statusCommand(tool: string): Command {
  return defineCommand({
    name: "status",
    summary: "show how everything on this host is",
    options: DAEMON_OPTIONS,
    nagios: true,
    examples: [
      { run: `${tool} status`, does: "as a table" },
      { run: `${tool} status -o nagios`, does: "as a check of Nagios or Icinga" },
    ],
    run: async ({ options, io, out }) => {
      const outcome = await callControl(
        socketOf(tool, io, options.socket),
        "status",
        {},
        { timeoutMs: options.timeout, schema: statusReportSchema },
      );
      if (!outcome.ok) return out.problems(outcome.problems, outcome.exit);
      return out.show(statusAnswer(outcome.result, out.style));
    },
  });
}

function eventLine(event: StatusEvent, format: OutputFormat): string {
  const time = new Date(event.atMs).toISOString();
  if (format === "tsv") return [time, event.severity, event.code, event.sentence].join("\t");
  return `${time}  ${event.severity.padEnd(8)}  ${visible(event.sentence)}  [${event.code}]`;
}

const backlogSchema = z.object({ events: z.array(statusEventSchema) });

/** The verb `events`, the same in every tool. */
export function eventsCommand(tool: string): Command {
  return defineCommand({
    name: "events",
    summary: "show what happened lately, the oldest first",
    options: {
      ...DAEMON_OPTIONS,
      last: { type: "number", short: "n", summary: "how many", default: 20, most: MOST_KEPT_EVENTS },
      follow: { type: "flag", short: "f", summary: "go on with what happens from now on" },
    },
    examples: [{ run: `${tool} events -f -o jsonl`, does: "follow the events for a script" }],
    run: async ({ options, io, out }) => {
      const connected = await ControlClient.connect(socketOf(tool, io, options.socket), options.timeout);
      if (!connected.ok) return out.problems(connected.problems, connected.exit);
      const { client } = connected;
      const closed = new Promise<void>((resolve) => {
        client.onClose = resolve;
      });
      const print = (event: StatusEvent) => {
        out.event(event, eventLine(event, out.format));
      };
      // What follows must not overtake what was before.
      const early: StatusEvent[] = [];
      let take = (event: StatusEvent): void => void early.push(event);
      const outcome = await client.subscribe(
        "events",
        { last: options.last },
        {
          onEvent: (value) => {
            const event = statusEventSchema.safeParse(value);
            if (event.success) take(event.data);
          },
          onDropped: (count) => {
            out.note(`${count} events were lost here: this reader is too slow`);
          },
        },
        options.timeout,
      );
      if (!outcome.ok) return out.problems(outcome.problems, outcome.exit);
      const before = backlogSchema.safeParse(outcome.subscription.first).data?.events ?? [];
      for (const event of before.toReversed()) print(event);
      if (!options.follow) {
        client.close();
        return EXIT.ok;
      }
      for (const event of early) print(event);
      take = print;
      await closed;
      out.note(`${tool} closed the connection`);
      return EXIT.unreachable;
    },
  });
}
