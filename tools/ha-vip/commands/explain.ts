import { z } from "zod";
import { defineCommand } from "../../../shared/cli/command.ts";
import { DAEMON_OPTIONS, socketOf } from "../../../shared/cli/daemon-commands.ts";
import { callControl } from "../../../shared/drive/control/client.ts";

const explanationSchema = z.object({
  router: z.string(),
  addresses: z.array(z.string()),
  role: z.string(),
  because: z.string(),
  score: z.array(z.object({ what: z.string(), value: z.number(), from: z.string() })),
  faults: z.array(z.string()),
  change: z.array(z.string()),
});
const answerSchema = z.object({ explanations: z.array(explanationSchema) });

function text(one: z.infer<typeof explanationSchema>): string {
  const width = Math.max(...one.score.map((line) => line.what.length));
  const score = one.score.map((line) => {
    const value = String(line.value).padStart(5);
    return `  ${line.what.padEnd(width)} ${value}  ${line.from}`.trimEnd();
  });
  const change = one.change.length === 0 ? [] : ["What would change it:", ...one.change.map((line) => `  ${line}`)];
  return [one.because, `Addresses: ${one.addresses.join(", ")}`, ...score, ...change, ""].join("\n");
}

export const explainCommand = defineCommand({
  name: "explain",
  summary: "Say why an address is here, or why not",
  args: { router: { summary: "the virtual router; all when not given" } },
  options: DAEMON_OPTIONS,
  examples: [{ run: "ha-vip explain VI_1", does: "the reason, the score and what would change it" }],
  run: async ({ args, io, options, out }) => {
    const params = args.router === undefined ? {} : { router: args.router };
    const outcome = await callControl(socketOf("ha-vip", io, options.socket), "explain", params, {
      timeoutMs: options.timeout,
      schema: answerSchema,
    });
    if (!outcome.ok) return out.problems(outcome.problems, outcome.exit);
    const { explanations } = outcome.result;
    return out.show({ json: { explanations }, text: explanations.map(text).join("\n") });
  },
});
