/** `ha-vip ocf ACTION`: an OCF resource agent for an address, with the parameters of IPaddr2. */
import { defineCommand } from "../../../shared/cli/command.ts";
import type { CliIo } from "../../../shared/cli/io.ts";
import { type ExitCode, OCF } from "../../../shared/model/exit-codes.ts";
import { VERSION } from "../../../shared/model/version.ts";
import { OCF_PARAMETERS, readOcfAddress } from "../config/ocf-parameters.ts";
import { OcfAddressHolder, type Outcome } from "../drive/ocf-address.ts";
import { inWords } from "./load.ts";

const ACTIONS = { start: 20, stop: 20, monitor: 20, "validate-all": 20, "meta-data": 5 } as const;

function metaData(): string {
  const parameters = Object.entries(OCF_PARAMETERS).map(([name, { default: usual, short, type }]) => {
    const required = name === "ip" ? "1" : "0";
    const value = usual === undefined ? "" : ` default="${usual}"`;
    return [
      `<parameter name="${name}" unique="${required}" required="${required}">`,
      `<longdesc lang="en">${short}</longdesc>`,
      `<shortdesc lang="en">${short}</shortdesc>`,
      `<content type="${type}"${value}/>`,
      "</parameter>",
    ].join("\n");
  });
  const actions = Object.entries(ACTIONS).map(([name, seconds]) => {
    const interval = name === "monitor" ? ` interval="10s" depth="0"` : "";
    return `<action name="${name}" timeout="${seconds}s"${interval}/>`;
  });
  return [
    '<?xml version="1.0"?>',
    `<resource-agent name="vip" version="${VERSION}">`,
    "<version>1.1</version>",
    '<longdesc lang="en">Puts an address on an interface and announces it. The cluster manager decides where.</longdesc>',
    '<shortdesc lang="en">A floating address</shortdesc>',
    `<parameters>\n${parameters.join("\n")}\n</parameters>`,
    `<actions>\n${actions.join("\n")}\n</actions>`,
    "</resource-agent>\n",
  ].join("\n");
}

/** The line that resource managers show as the reason of a failure. */
function exitReason(io: CliIo, text: string): void {
  io.stderr.write(`${io.env["OCF_EXIT_REASON_PREFIX"] ?? "ocf-exit-reason:"}${text}\n`);
}

function ended(io: CliIo, outcome: Outcome): ExitCode {
  if (outcome.ok) return OCF.success;
  exitReason(io, outcome.detail);
  return outcome.kind === "missing" ? OCF.notInstalled : OCF.error;
}

async function act(action: string, io: CliIo): Promise<ExitCode> {
  if (action === "meta-data") {
    io.stdout.write(metaData());
    return OCF.success;
  }
  const read = readOcfAddress(io.env);
  if (!read.ok) {
    for (const problem of inWords(read.problems)) exitReason(io, problem.sentence);
    return OCF.notConfigured;
  }
  if (action === "validate-all") return OCF.success;
  const holder = new OcfAddressHolder(read.value);
  try {
    if (action === "start") return ended(io, await holder.start());
    if (action === "stop") return ended(io, holder.stop());
    if (action === "monitor") return holder.find() === undefined ? OCF.notRunning : OCF.success;
    return OCF.unimplemented;
  } catch (error) {
    exitReason(io, error instanceof Error ? error.message : String(error));
    return OCF.error;
  } finally {
    holder.close();
  }
}

export const ocfCommand = defineCommand({
  name: "ocf",
  summary: "Be an OCF resource agent for an address: start, stop, monitor, validate-all, meta-data",
  description:
    "For cluster managers that decide themselves where an address is. Parameters come as OCF_RESKEY_… with the names of " +
    "IPaddr2; one that isn't honoured is an error. Install it as an agent with a file of two lines: #!/bin/sh and " +
    'exec ha-vip ocf "$1".',
  args: { action: { summary: "what the cluster manager asks for", required: true } },
  options: {},
  examples: [{ run: "OCF_RESKEY_ip=10.0.0.100 ha-vip ocf start", does: "puts the address on its network's interface" }],
  run: async ({ args, io }) => await act(args.action, io),
});
