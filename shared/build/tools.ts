import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** The repository's root folder. */
export const ROOT = join(import.meta.dir, "..", "..");
/** Where the compiled binaries go. */
export const DIST = join(ROOT, "dist");

/** The binaries of the product, in the order they are built and listed. */
export const TOOLS = ["ha-vip", "ha-lb", "ha-crm", "ha-repl", "ha-fs", "ha-mon"] as const;
export type Tool = (typeof TOOLS)[number];

export function isTool(name: string): name is Tool {
  return (TOOLS as readonly string[]).includes(name);
}

/** The folder that holds a tool's code, from the root. */
export function toolFolder(tool: Tool): string {
  return tool === "ha-mon" ? "tui" : join("tools", tool);
}

/** The tool's entry point, from the root. */
export function toolEntry(tool: Tool): string {
  const folder = toolFolder(tool);
  const tsx = join(folder, "main.tsx");
  return existsSync(join(ROOT, tsx)) ? tsx : join(folder, "main.ts");
}

/**
 * Worker entry points that a tool starts: every `*-worker.ts` in its own folder and in `shared/drive`.
 * A compiled binary only finds Workers that were listed as entry points when it was built.
 */
export function toolWorkers(tool: Tool): string[] {
  const found: string[] = [];
  for (const folder of [toolFolder(tool), join("shared", "drive")]) {
    for (const path of readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })) {
      if (path.endsWith("-worker.ts")) found.push(join(folder, path));
    }
  }
  return found.sort();
}
