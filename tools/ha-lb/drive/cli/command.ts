import type { DataPlane } from "../plane.ts";
import type { ServerRuntime } from "../runtime.ts";

export type Level = "user" | "operator" | "admin";

export interface CliCommand {
  /** The words it begins with. */
  readonly words: string;
  readonly usage: string;
  readonly level: Level;
  readonly run: (plane: DataPlane, rest: readonly string[], payload: string | undefined) => string;
}

export const NO_SERVER = "No such server.\n";
const REQUIRES_NAME = "Require 'backend/server'.\n";
export const NO_BACKEND = "No such backend.\n";

/** Finds `backend/server` and acts on it. */
export function onServer(rest: readonly string[], plane: DataPlane, act: (server: ServerRuntime) => string): string {
  const [backendName, name] = (rest[0] ?? "").split("/");
  if (backendName === undefined || name === undefined) return REQUIRES_NAME;
  const backend = plane.backends.get(backendName);
  if (backend === undefined) return NO_BACKEND;
  const server = name.startsWith("#")
    ? backend.servers.find((one) => one.id === Number(name.slice(1)))
    : backend.server(name);
  return server === undefined ? NO_SERVER : act(server);
}

/** The words of a command; a backslash takes the blank, semicolon or backslash behind it into the word. */
export function wordsOf(text: string): readonly string[] {
  return Array.from(text.matchAll(/(?:\\.|[^\s\\])+/g), ([word]) => word.replaceAll(/\\(.)/g, "$1"));
}
