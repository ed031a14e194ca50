/**
 * Compiles the tools into single binaries in `dist/`.
 *
 *   npm run build [-- --target linux-x64|linux-arm64|linux-x64-musl|linux-arm64-musl] [-- ha-vip ha-lb …]
 */
import type { BunPlugin } from "bun";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DIST, isTool, ROOT, type Tool, TOOLS, toolEntry, toolWorkers } from "./tools.ts";

export const TARGETS = ["linux-x64", "linux-arm64", "linux-x64-musl", "linux-arm64-musl"] as const;
export type Target = (typeof TARGETS)[number];

export interface CompileOptions {
  readonly tools?: readonly Tool[];
  /** Defaults to linux-x64, or linux-arm64 on such a machine. */
  readonly target?: Target;
  /** Keep a binary that is newer than every source file of the product. */
  readonly onlyIfStale?: boolean;
  readonly report?: (line: string) => void;
}

/** Ink asks for React's developer tools only in development; a binary for servers has none. */
const withoutDevtools: BunPlugin = {
  name: "without-react-devtools",
  setup(build) {
    build.onResolve({ filter: /^react-devtools-core$/ }, (found) => ({ path: found.path, namespace: "stub" }));
    build.onLoad({ filter: /.*/, namespace: "stub" }, () => ({
      contents: "export default { initialize() {}, connectToDevTools() {} };",
      loader: "js",
    }));
  },
};

/** ssh2 loads optional native helpers when present; the binary uses its pure JavaScript path. */
const withoutNativeAddons: BunPlugin = {
  name: "without-native-addons",
  setup(build) {
    build.onResolve({ filter: /(\.node|^cpu-features)$/ }, (found) => ({ path: found.path, namespace: "no-addon" }));
    build.onLoad({ filter: /.*/, namespace: "no-addon" }, () => ({
      contents: "throw new Error('native addons are not part of this binary');",
      loader: "js",
    }));
  },
};

function hostTarget(): Target {
  return process.arch === "arm64" ? "linux-arm64" : "linux-x64";
}

/** The name that Bun has for a target; the baseline x64 build runs on processors without AVX2 too. */
function bunTarget(target: Target): Bun.Build.CompileTarget {
  return `bun-${target}`;
}

function newestSourceMs(): number {
  let newest = 0;
  const glob = new Bun.Glob("{shared,tools,tui}/**/*.{ts,tsx,mjs}");
  for (const path of glob.scanSync({ cwd: ROOT })) {
    if (!path.includes(".test.")) newest = Math.max(newest, statSync(join(ROOT, path)).mtimeMs);
  }
  return Math.max(newest, statSync(join(ROOT, "package-lock.json")).mtimeMs);
}

/** Where a tool's binary for a target lies: `dist/ha-vip`, or `dist/linux-arm64/ha-vip` for a foreign target. */
export function binaryPath(tool: Tool, target: Target = hostTarget()): string {
  return target === hostTarget() ? join(DIST, tool) : join(DIST, target, tool);
}

async function compileOne(tool: Tool, target: Target, version: string): Promise<string> {
  const outfile = binaryPath(tool, target);
  const folder = join(outfile, "..");
  // Built aside and renamed, so that a running binary is replaced and never truncated.
  const building = join(folder, `.build-${process.pid}`, tool);
  mkdirSync(join(building, ".."), { recursive: true });
  try {
    const result = await Bun.build({
      entrypoints: [toolEntry(tool), ...toolWorkers(tool)].map((path) => join(ROOT, path)),
      root: ROOT,
      minify: { syntax: true, whitespace: true, identifiers: false },
      sourcemap: "inline",
      define: { "process.env.NODE_ENV": '"production"', FIVENINES_VERSION: JSON.stringify(version) },
      plugins: [withoutDevtools, withoutNativeAddons],
      compile: {
        target: bunTarget(target),
        outfile: building,
        // Never run code or read settings from the directory that an operator happens to stand in.
        autoloadDotenv: false,
        autoloadBunfig: false,
        autoloadTsconfig: false,
        autoloadPackageJson: false,
      },
    });
    if (!result.success) throw new AggregateError(result.logs, `compiling ${tool} failed`);
    renameSync(building, outfile);
    return outfile;
  } finally {
    rmSync(join(building, ".."), { recursive: true, force: true });
  }
}

/** Compiles the named tools; returns the path of each binary. Throws with the compiler's messages. */
export async function compileTools(options: CompileOptions = {}): Promise<ReadonlyMap<Tool, string>> {
  const target = options.target ?? hostTarget();
  const report = options.report ?? (() => undefined);
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const version =
    typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "0";
  const built = new Map<Tool, string>();
  const newest = options.onlyIfStale === true ? newestSourceMs() : 0;
  for (const tool of options.tools ?? TOOLS) {
    const path = binaryPath(tool, target);
    if (options.onlyIfStale !== true || !existsSync(path) || statSync(path).mtimeMs < newest) {
      const startedMs = performance.now();
      await compileOne(tool, target, version);
      const megabytes = (statSync(path).size / 1e6).toFixed(0);
      report(`built ${path.slice(ROOT.length + 1)}  ${megabytes} MB  ${Math.round(performance.now() - startedMs)} ms`);
    }
    built.set(tool, path);
  }
  return built;
}

async function main(argv: readonly string[]): Promise<number> {
  const tools: Tool[] = [];
  let target: Target | undefined;
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    const value = word.startsWith("--target=") ? word.slice(9) : word === "--target" ? argv[++index] : undefined;
    const known = TARGETS.find((name) => name === value);
    if (known !== undefined) target = known;
    else if (isTool(word)) tools.push(word);
    else {
      process.stderr.write(
        `build: don't know '${value ?? word}'. Targets: ${TARGETS.join(" ")}; tools: ${TOOLS.join(" ")}\n`,
      );
      return 64;
    }
  }
  await compileTools({
    ...(tools.length > 0 ? { tools } : {}),
    ...(target === undefined ? {} : { target }),
    report: (line) => process.stdout.write(`${line}\n`),
  });
  return 0;
}

if (import.meta.main) process.exit(await main(process.argv.slice(2)));
