/** Taking turns with other measurements on the machine: a file that one of them locks at a time. */

/** Runs `work` while the file is locked, or at once when there is none. The lock ends with this process, too. */
export async function takingTurns<Value>(file: string | undefined, work: () => Promise<Value>): Promise<Value> {
  if (file === undefined) return await work();
  const holder = Bun.spawn(["flock", file, "sh", "-c", "echo held; exec cat"], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    const { value } = await holder.stdout.getReader().read();
    if (value === undefined) throw new Error(`${file} can't be locked`);
    return await work();
  } finally {
    await holder.stdin.end();
    await holder.exited;
  }
}
