import { readFileSync } from "node:fs";
import { join } from "node:path";
import { plugin } from "bun";
import { PLANTED_BUGS } from "./bugs.ts";
import { DISK_BUGS } from "./disk-bugs.ts";
import { MEMBERSHIP_BUGS } from "./membership-bugs.ts";

/** Loaded before everything else (`bun --preload`) in a process that shall run with a planted bug: `--bug NAME`, or
 * BUG=NAME where the command line belongs to a test. */
const name = process.env["BUG"] ?? process.argv[process.argv.indexOf("--bug") + 1];
const lists = [PLANTED_BUGS, MEMBERSHIP_BUGS, DISK_BUGS];
const bug = lists.flat().find((one) => one.name === name);
if (bug === undefined) throw new Error(`no planted bug named ${name ?? ""}`);

const path = join(import.meta.dir, "../..", bug.file);
plugin({
  name: "planted bug",
  setup(build) {
    build.onLoad({ filter: new RegExp(`${bug.file.replaceAll(".", "\\.")}$`) }, () => {
      const text = readFileSync(path, "utf8");
      if (text.split(bug.find).length !== 2)
        throw new Error(`${bug.name}: the text to change isn't there exactly once`);
      return { contents: text.replace(bug.find, () => bug.replace), loader: "ts" };
    });
  },
});
