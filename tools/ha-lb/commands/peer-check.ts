import { defineCommand } from "../../../shared/cli/command.ts";
import type { CliIo } from "../../../shared/cli/io.ts";
import { LOAD_OPTIONS, loadFlags } from "./load-flags.ts";
import { checkLikePeer, conditionLikePeer, type PeerOutput } from "./check-peer.ts";

/** HAProxy's own texts, on the streams where it writes them. */
function peerOutput(io: CliIo, quiet: boolean): PeerOutput {
  return {
    stdout: (text) => io.stdout.write(text),
    stderr: (text) => io.stderr.write(text),
    processId: process.pid,
    quiet,
  };
}

/** `-c -f FILE`: HAProxy's check with its texts and exit codes. `ha-lb check` says the same with carets and fixes. */
export const peerCheckCommand = defineCommand({
  name: "peer-check",
  summary: "Check a configuration with the texts of haproxy -c",
  hidden: true,
  options: {
    ...LOAD_OPTIONS,
    config: { type: "string", short: "f", repeatable: true, summary: "a haproxy.cfg" },
    directory: { type: "string", summary: "change to it first" },
  },
  run: ({ io, options, out }) => {
    if (options.directory !== undefined) process.chdir(options.directory);
    const request = { paths: options.config ?? [], environment: io.env, ...loadFlags(options) };
    return checkLikePeer(request, peerOutput(io, out.style.quiet));
  },
});

/** `-cc CONDITION`: exit code 0 when it holds, 1 when not, 2 when it is none. */
export const peerConditionCommand = defineCommand({
  name: "peer-condition",
  summary: "Evaluate a condition as haproxy -cc",
  hidden: true,
  args: { condition: { summary: "the condition", required: true } },
  run: ({ args, io, out }) => conditionLikePeer(args.condition, io.env, peerOutput(io, out.style.quiet)),
});
