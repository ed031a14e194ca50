// Makes the dependencies ready. Plain node, no packages: it runs before anything is installed.
// Idempotent: a stamp of package-lock.json tells whether node_modules is current.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const stampFile = join(root, "node_modules", ".fivenines-stamp");
const bunBinary = join(root, "node_modules", "bun", "bin", "bun.exe");
/** A real bun is about 100 MB; the stub that npm leaves when install scripts are blocked is a few hundred bytes. */
const SMALLEST_REAL_BUN_BYTES = 10_000_000;

const stamp = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

function isCurrent() {
  return (
    existsSync(stampFile) &&
    readFileSync(stampFile, "utf8") === stamp &&
    existsSync(bunBinary) &&
    statSync(bunBinary).size > SMALLEST_REAL_BUN_BYTES
  );
}

function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  if (result.status === 0) return;
  process.stderr.write(result.stderr ?? "");
  const cause = result.error === undefined ? `exit code ${result.status}` : result.error.message;
  process.stderr.write(`setup: '${command} ${args.join(" ")}' failed (${cause}).\n`);
  process.stderr.write("setup: it needs npm's registry once; afterwards everything works without a network.\n");
  process.exit(1);
}

if (!isCurrent()) {
  process.stderr.write("setup: installing the pinned dependencies (once) …\n");
  run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
  run(process.execPath, [join("node_modules", "bun", "install.js")]);
  writeFileSync(stampFile, stamp);
}
