/** Short ways to write clients. */
import type { Script, Step } from "./client.ts";
import type { Scenario } from "./run.ts";

export const get = (path: string, ...lines: readonly string[]): string =>
  `GET ${path} HTTP/1.1\r\nHost: example.org\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
export const closing = (path: string, ...lines: readonly string[]): string => get(path, ...lines, "Connection: close");
/** A client that sends this at once. */
export const sends = (...texts: readonly string[]): Script => ({ steps: texts.map((send): Step => ({ send })) });
/** One client after the other, each with one request. */
export const visits = (...paths: readonly string[]): readonly Script[] => paths.map((path) => sends(closing(path)));
/** The server of a section that needs no more than one. */
export const ONE = " server s1 S1";
/** A section with these lines and one server; its clients come one after the other. */
export const withOne = (name: string, lines: string, ...clients: Scenario["clients"]): Scenario => ({
  name,
  section: `${lines}\n${ONE}`,
  clients,
  inTurn: true,
});
