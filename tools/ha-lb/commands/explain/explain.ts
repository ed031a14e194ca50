/** One request through one configuration: what `ha-lb explain` tells. */
import type { Source } from "../../../../shared/text/source.ts";
import { lineText } from "../../../../shared/text/source.ts";
import { type TracedEntry, TraceLog } from "../../decide/rules/trace-log.ts";
import { explainedPlane, type ExplainedPlane, type Walked, walk } from "../../drive/explain/walk.ts";
import type { Configuration } from "../../model/configuration.ts";
import { makePlane } from "../run/make-plane.ts";
import type { ServerView } from "../run/server-methods.ts";
import { takeLive } from "./live.ts";
import type { Explanation } from "./report.ts";
import { factsOf, findPlace, type Place, readRequest, type RequestWords } from "./request.ts";
import { serverChoices } from "./servers.ts";

/** A configuration line as it stands. */
function lineOf(sources: readonly Source[], { file, line }: { readonly file: string; readonly line: number }): string {
  const source = sources.find((one) => one.file === file);
  return source === undefined ? "" : (lineText(source, line) ?? "").trim();
}

function explanationOf(
  asked: string,
  place: Place,
  walked: Walked,
  entries: readonly TracedEntry[],
  sources: readonly Source[],
  live: string,
): Explanation {
  const { bind, frontend } = place.listener;
  const backend = walked.kind === "dropped" ? undefined : walked.backend;
  const steps = entries.map((entry) => ({ ...entry, text: lineOf(sources, entry) }));
  const defaultBackend = steps.some(({ applied, kind }) => kind === "choice" && applied)
    ? undefined
    : "default_backend";
  return {
    request: asked,
    frontend: frontend.name,
    bind: { text: place.text, file: bind.at.file, line: bind.at.line },
    steps,
    ...(backend === undefined ? {} : { backend: { name: backend.name, by: defaultBackend ?? "use_backend" } }),
    servers: backend === undefined ? [] : serverChoices(backend, walked),
    live,
    result: resultOf(walked),
  };
}

function resultOf(walked: Walked): Explanation["result"] {
  switch (walked.kind) {
    case "answered": {
      const [head = ""] = walked.text.split("\r\n\r\n");
      const [first = "", ...headers] = head.split("\r\n");
      return { kind: "answered", line: first, headers };
    }
    case "tarpit":
      return { kind: "held", line: `held, then answered with ${walked.status}`, headers: [] };
    case "dropped":
      return { kind: "dropped", line: "the connection is closed without an answer", headers: [] };
    case "queued":
      return { kind: "queued", line: `waits for ${walked.server?.name ?? "any server"} to have room`, headers: [] };
    case "forwarded": {
      const [line = "", ...headers] = walked.head.split("\r\n").filter((text) => text !== "");
      return { kind: "forwarded", server: walked.server.name, line, headers };
    }
  }
}

export interface Question {
  readonly configuration: Configuration;
  /** The texts of the configuration, for its lines. */
  readonly sources: readonly Source[];
  readonly request: RequestWords;
  /** The servers as a running balancer has them. */
  readonly views: readonly ServerView[] | undefined;
}

/** @returns the explanation, or a sentence that says why there is none */
export function explainRequest(question: Question, tell: (text: string) => void): Explanation | string {
  const { configuration, request, sources, views } = question;
  const asked = readRequest(request);
  if (typeof asked === "string") return asked;
  let plane: ExplainedPlane | undefined;
  const trace = new TraceLog(() => {
    if (plane === undefined) throw new Error("rules ran before there was a plane");
    return plane.plainEnvironment();
  });
  makePlane(configuration, tell, (made) => (plane = explainedPlane(made, trace)));
  if (plane === undefined) return "a file of the configuration can't be read";
  const place = findPlace(plane, asked, request.bind);
  if (typeof place === "string") return place;
  if (place.listener.frontend.proxy.mode !== "http")
    return `${place.text} is in mode tcp: it looks at bytes, not at requests`;
  const known = views === undefined ? 0 : takeLive(plane, views);
  const live =
    views === undefined ? "as the configuration starts them" : `as they are now (${known} known to the running ha-lb)`;
  const walked = walk(plane, place.listener, asked.bytes, factsOf(asked, place, request.source));
  return explanationOf(`${asked.method} ${asked.url.href}`, place, walked, trace.entries, sources, live);
}
