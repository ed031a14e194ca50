import { createInterface } from "node:readline";

/** Where text goes. `write` never throws for a reader that went away. */
export interface TextOutput {
  readonly isTerminal: boolean;
  /** Cells per line of a terminal; 80 when unknown. */
  readonly columns: number;
  write(text: string): void;
}

/** All that a command touches of the process around it; tests give their own. */
export interface CliIo {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Can somebody answer a question? */
  readonly canAsk: boolean;
  /** Shows the prompt on stderr and reads one line; undefined at the end of input. */
  ask(prompt: string): Promise<string | undefined>;
  /** All of standard input. */
  readInput(): Promise<string>;
  /** A clock that never goes back, for progress. */
  nowMs(): number;
}

function outputOf(stream: NodeJS.WriteStream): TextOutput {
  let gone = false;
  // `ha-vip events | head`: when the reader has what it wants, we stop writing without complaint.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") throw error;
    gone = true;
  });
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns > 0 ? stream.columns : 80;
    },
    write(text) {
      if (!gone) stream.write(text);
    },
  };
}

async function askOnTerminal(prompt: string): Promise<string | undefined> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<string | undefined>((resolve) => {
      reader.once("close", () => {
        resolve(undefined);
      });
      reader.question(prompt, resolve);
    });
  } finally {
    reader.close();
  }
}

/** The real process. */
export function processIo(): CliIo {
  return {
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    env: process.env,
    canAsk: process.stdin.isTTY && process.stderr.isTTY,
    ask: askOnTerminal,
    readInput: async () => await Bun.stdin.text(),
    nowMs: () => performance.now(),
  };
}
