/** An explanation as text: one sentence, the rules one by one, the servers, and what is sent. Pure. */
import type { TracedEntry } from "../../decide/rules/trace-log.ts";
import { visible } from "../../../../shared/text/width.ts";
import type { ServerChoice } from "./servers.ts";

export interface Step extends TracedEntry {
  /** The line of the configuration. */
  readonly text: string;
}

export interface Explanation {
  readonly request: string;
  readonly frontend: string;
  readonly bind: { readonly text: string; readonly file: string; readonly line: number };
  readonly steps: readonly Step[];
  /** By which word the backend was chosen. */
  readonly backend?: { readonly name: string; readonly by: string };
  readonly servers: readonly ServerChoice[];
  /** Whose word on the servers this is. */
  readonly live: string;
  readonly result: {
    readonly kind: "answered" | "held" | "dropped" | "queued" | "forwarded";
    readonly server?: string;
    readonly line: string;
    readonly headers: readonly string[];
  };
}

function termText({ holds, samples, text }: Step["terms"][number]): string {
  const values = samples.map(
    (sample) => `${sample.text} is ${sample.value === undefined ? "nothing" : JSON.stringify(sample.value)}`,
  );
  const named = text.startsWith("{") || text.startsWith("!{");
  const shown = named && values.length === 0 ? "" : ` (${values.join(", ")})`;
  return `${text} ${holds ? "holds" : "doesn't hold"}${shown}`;
}

function stepText(step: Step): string {
  const mark = step.applied ? "yes" : "no ";
  const outcome = step.outcome === "" ? "" : ` -> ${step.outcome}`;
  const terms = step.terms.map((term) => `        ${termText(term)}\n`).join("");
  return `  ${mark} ${step.file}:${step.line}  ${step.text}${outcome}\n${terms}`;
}

function sentence(explanation: Explanation): string {
  const { backend, frontend, request, result } = explanation;
  const how = backend === undefined ? "" : ` by backend ${backend.name}`;
  switch (result.kind) {
    case "forwarded":
      return `${request} goes from frontend ${frontend} to server ${backend?.name ?? ""}/${result.server ?? ""}.`;
    case "answered":
      return `${request} is answered in frontend ${frontend}${how}: ${result.line}.`;
    case "held":
    case "queued":
    case "dropped":
      return `${request} in frontend ${frontend}${how}: ${result.line}.`;
  }
}

export function explainText(explanation: Explanation): string {
  const { backend, bind, live, result, servers, steps } = explanation;
  const parts = [`${sentence(explanation)}\n\nlistener ${bind.text}, ${bind.file}:${bind.line}\n`];
  if (steps.length > 0) parts.push(`rules, in the order in which they were asked:\n${steps.map(stepText).join("")}`);
  if (backend !== undefined) parts.push(`backend ${backend.name}, by ${backend.by}\n`);
  if (servers.length > 0) {
    const width = Math.max(...servers.map(({ server }) => server.length));
    const lines = servers.map(
      (one) =>
        `  ${one.chosen ? "->" : "  "} ${one.server.padEnd(width)}  ${one.address}  weight ${one.weight}, ${one.sessions}${one.limit === undefined ? "" : ` of ${one.limit}`} sessions: ${one.why}\n`,
    );
    parts.push(`servers, ${live}:\n${lines.join("")}`);
  }
  const title = result.kind === "forwarded" ? "the server gets" : result.kind === "answered" ? "the client gets" : "";
  if (title !== "") parts.push(`${title}:\n${[result.line, ...result.headers].map((line) => `  ${line}\n`).join("")}`);
  return parts.join("").split("\n").map(visible).join("\n");
}
