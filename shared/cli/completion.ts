import type { Command, OptionSpec, OptionSpecs } from "./command.ts";
import { defineCommand } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import type { ToolInfo } from "./help.ts";
import { shownCommands } from "./help.ts";
import { GLOBAL_OPTIONS } from "./options.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** Asks the shell to complete file names itself. */
export const FILES = ":files";

function optionNames(options: OptionSpecs): readonly string[] {
  return Object.entries(options).flatMap(([name, spec]) => (spec.hidden === true ? [] : [`--${name}`]));
}

function specOf(options: OptionSpecs, word: string): OptionSpec | undefined {
  return Object.entries(options).find(([name, spec]) => word === `--${name}` || word === `-${spec.short ?? ""}`)?.[1];
}

/**
 * The words that may stand at the end of a command line. `words` are those after the tool's name; the last one is
 * the word being typed (it may be empty). `:files` stands for any file name.
 */
export function completeWords(commands: readonly Command[], words: readonly string[]): readonly string[] {
  const typed = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const fits = (candidates: readonly string[]) => {
    return [...new Set(candidates)]
      .filter((candidate) => candidate === FILES || candidate.startsWith(typed))
      .toSorted();
  };
  const plain = before.filter((word) => !word.startsWith("-"));
  const candidates = shownCommands(commands);
  const command = candidates
    .filter((candidate) => candidate.words.every((word, index) => plain[index] === word))
    .toSorted((a, b) => b.words.length - a.words.length)[0];
  const deeper = candidates.flatMap((candidate) => {
    const fitsSoFar = plain.every((word, index) => candidate.words[index] === word);
    const next = candidate.words[plain.length];
    return fitsSoFar && next !== undefined ? [next] : [];
  });
  if (command === undefined) {
    return fits(
      typed.startsWith("-")
        ? optionNames(GLOBAL_OPTIONS)
        : plain.length === 0
          ? [...deeper, "help", "version"]
          : deeper,
    );
  }
  const options = { ...GLOBAL_OPTIONS, ...command.options };
  const last = specOf(options, before.at(-1) ?? "");
  if (last !== undefined && last.type !== "flag") return last.type === "choice" ? fits(last.values) : [FILES];
  if (typed.startsWith("-")) return fits(optionNames(options));
  const specs = Object.values(command.args);
  const position = plain.length - command.words.length;
  const argument = specs[position] ?? specs.find((spec) => spec.repeatable === true);
  return fits([...deeper, ...(argument === undefined ? [] : (argument.values ?? [FILES]))]);
}

function bashScript(tool: string): string {
  const name = `_${tool.replaceAll("-", "_")}`;
  return `# bash completion for ${tool}; load with: source <(${tool} completion bash)
${name}() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = "${FILES}" ]; then
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")
    else
      COMPREPLY+=("$line")
    fi
  done < <("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o filenames -F ${name} ${tool}
`;
}

function zshScript(tool: string): string {
  const name = `_${tool.replaceAll("-", "_")}`;
  return `#compdef ${tool}
# zsh completion for ${tool}; put it into a directory of $fpath as _${tool}
${name}() {
  local -a lines
  lines=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if (( \${lines[(I)${FILES}]} )); then _files; fi
  lines=("\${(@)lines:#${FILES}}")
  compadd -- "\${(@)lines}"
}
compdef ${name} ${tool}
`;
}

function fishScript(tool: string): string {
  const name = `__${tool.replaceAll("-", "_")}_words`;
  return `# fish completion for ${tool}; save as ~/.config/fish/completions/${tool}.fish
function ${name}
  set -l before (commandline -opc)
  set -l typed (commandline -ct)
  for line in ($before[1] __complete $before[2..-1] "$typed" 2>/dev/null)
    if test "$line" = "${FILES}"
      __fish_complete_path "$typed"
    else
      echo $line
    end
  end
end
complete -c ${tool} -f -a "(${name})"
`;
}

/** The script for one shell; it asks the tool itself for the words, so it never gets out of date. */
export function completionScript(tool: string, shell: (typeof SHELLS)[number]): string {
  switch (shell) {
    case "bash":
      return bashScript(tool);
    case "zsh":
      return zshScript(tool);
    case "fish":
      return fishScript(tool);
    default:
      return shell satisfies never;
  }
}

/** The verb `completion SHELL`. */
export function completionCommands(info: ToolInfo): readonly Command[] {
  return [
    defineCommand({
      name: "completion",
      summary: "print the completion script for a shell",
      args: { shell: { summary: "which shell", required: true, values: SHELLS } },
      examples: [{ run: `source <(${info.tool} completion bash)`, does: "complete in this bash" }],
      run: ({ args, out }) => {
        const shell = SHELLS.find((candidate) => candidate === args.shell);
        if (shell === undefined) throw new Error(`the parser let the shell ${args.shell} through`);
        out.data(completionScript(info.tool, shell));
        return EXIT.ok;
      },
    }),
  ];
}
