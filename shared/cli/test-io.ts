import type { CliIo } from "./io.ts";

/** An io for tests: keeps what was written, answers from a list, has a clock that only moves when told. */
export interface TestIo extends CliIo {
  readonly written: { stdout: string; stderr: string };
  readonly clock: { nowMs: number };
}

export interface TestIoOptions {
  readonly terminal?: boolean;
  readonly columns?: number;
  readonly env?: CliIo["env"];
  /** Answers to questions, in order. Questions can be asked only when this is given. */
  readonly answers?: readonly string[];
  readonly input?: string;
}

export function testIo(options: TestIoOptions = {}): TestIo {
  const written = { stdout: "", stderr: "" };
  const clock = { nowMs: 0 };
  const answers = [...(options.answers ?? [])];
  const output = (name: "stdout" | "stderr") => ({
    isTerminal: options.terminal ?? false,
    columns: options.columns ?? 80,
    write: (text: string) => {
      written[name] += text;
    },
  });
  return {
    written,
    clock,
    stdout: output("stdout"),
    stderr: output("stderr"),
    env: options.env ?? {},
    canAsk: options.answers !== undefined,
    ask: async (prompt) => {
      const answer = answers.shift();
      written.stderr += `${prompt}${answer ?? ""}\n`;
      return await Promise.resolve(answer);
    },
    readInput: async () => await Promise.resolve(options.input ?? ""),
    nowMs: () => clock.nowMs,
  };
}
