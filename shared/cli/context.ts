import type { ArgumentSpecs, ArgumentValues, OptionSpecs, OptionValues } from "./command.ts";
import type { ConfirmRequest, ConfirmOutcome } from "./confirm.ts";
import type { CliIo } from "./io.ts";
import type { Output } from "./output.ts";
import type { Progress, ProgressRequest } from "./progress.ts";

/** What `run` of a command gets. */
export interface Context<Arguments extends ArgumentSpecs = ArgumentSpecs, Options extends OptionSpecs = OptionSpecs> {
  readonly tool: string;
  readonly version: string;
  readonly args: ArgumentValues<Arguments>;
  readonly options: OptionValues<Options>;
  /** Which options stood on the command line, as against defaults. */
  readonly given: ReadonlySet<string>;
  /** Words after `--`; for a `raw` command all words after the verb. */
  readonly rest: readonly string[];
  readonly io: CliIo;
  readonly out: Output;
  /** Asks as the level of danger demands; with `--yes` it doesn't. */
  readonly confirm: (request: ConfirmRequest) => Promise<ConfirmOutcome>;
  readonly progress: (request: ProgressRequest) => Progress;
}
