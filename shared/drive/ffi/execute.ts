/** Becoming another program in the same process, execve(2), and the ends of children that a former program started. */
import { bind, orErrno, SystemError } from "./libc.ts";
import { Memory } from "./memory.ts";
import { ignoreSignals } from "./process.ts";

const C = bind({
  execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
  waitpid: { args: ["i32", "ptr", "i32"], returns: "i32" },
});

const WNOHANG = 1;

function stringTable(words: readonly string[]): Memory {
  const table = new Memory((words.length + 1) * 8);
  for (const [index, word] of words.entries()) table.setAddress(index * 8, Memory.cString(word));
  return table;
}

/**
 * Replaces this program: the number of the process, its children and its descriptors without close-on-exec stay,
 * all else is gone. The signals named don't end it before the new program has handlers for them. Comes back only to throw.
 */
export function execute(
  path: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  ignored: readonly number[],
): never {
  const file = Memory.cString(path);
  const argv = stringTable(words);
  const envp = stringTable(Object.entries(environment).map(([name, value]) => `${name}=${value}`));
  ignoreSignals(ignored);
  const code = orErrno(C.execve(file.address, argv.address, envp.address));
  throw new SystemError("execve", -code, path);
}

/** Has this child ended? It is told once, and the kernel forgets the child; also true when it is no child of ours. */
export function hasEnded(pid: number): boolean {
  return C.waitpid(pid, null, WNOHANG) !== 0;
}
