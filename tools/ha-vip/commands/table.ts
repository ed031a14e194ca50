/** All verbs of ha-vip, in the order that help shows them. */
import type { Command } from "../../../shared/cli/command.ts";
import { eventsCommand, statusCommand } from "../../../shared/cli/daemon-commands.ts";
import { checkCommand } from "./check.ts";
import { controlCommands } from "./control.ts";
import { explainCommand } from "./explain.ts";
import { importCommand } from "./import.ts";
import { ocfCommand } from "./ocf.ts";
import { daemonCommand, runCommand } from "./run.ts";
import { signalNumberCommand } from "./signal-number.ts";
import { witnessCommand } from "./witness.ts";

export const commands: readonly Command[] = [
  runCommand,
  daemonCommand,
  checkCommand,
  importCommand,
  statusCommand("ha-vip"),
  explainCommand,
  eventsCommand("ha-vip"),
  ...controlCommands,
  witnessCommand,
  ocfCommand,
  signalNumberCommand,
];
