import type { Position } from "../../../shared/text/position.ts";
import type { ProxyDraft, StatsDraft } from "./draft.ts";
import { choicesFor, type Line } from "./line.ts";
import { addRule, conditionAt, parseRule, placesOf } from "./rules.ts";
import { withPlaces, type Scope } from "./scope.ts";

const WORDS = [
  "admin",
  "auth",
  "enable",
  "hide-version",
  "http-request",
  "realm",
  "refresh",
  "scope",
  "show-desc",
  "show-legends",
  "show-modules",
  "show-node",
  "uri",
];

function emptyStats(at: Position): StatsDraft {
  return {
    hideVersion: false,
    showLegends: false,
    showModules: false,
    users: [],
    scope: [],
    admin: [],
    httpRequest: [],
    at,
  };
}

/** `stats …` in a proxy: any of them switches the page on. */
export function parseStats(scope: Scope, draft: ProxyDraft, line: Line): void {
  const word = line.need(1, "stats", `one of ${WORDS.join(", ")}`);
  if (word === undefined) return;
  if (!WORDS.includes(word)) {
    line.problem("LB_UNKNOWN_WORD", { keyword: "stats", word, hint: choicesFor(word, WORDS) }, 1);
    return;
  }
  if (draft.kind === "defaults" && (word === "admin" || word === "http-request")) {
    line.problem("LB_WRONG_SECTION", { keyword: `stats ${word}`, section: "defaults" });
    return;
  }
  draft.stats ??= emptyStats(line.span(0));
  const stats = draft.stats;
  if (word === "admin") {
    if (line.text(2) !== "if" && line.text(2) !== "unless") {
      line.problem(
        "LB_MISSING_ARGUMENT",
        { keyword: "stats admin", expected: "an 'if' or 'unless' condition", hint: "" },
        2,
      );
      return;
    }
    const inner = withPlaces(
      scope,
      placesOf(draft, { front: "frontend http-request header rule", back: "backend http-request header rule" }),
      "stats admin",
    );
    const condition = conditionAt(inner, draft, line, 2, "stats admin");
    if (condition.condition !== undefined) stats.admin.push(condition.condition);
  } else if (word === "http-request")
    addRule(
      stats.httpRequest,
      parseRule(scope, draft, line, 2, "http-request", "stats http-request"),
      line,
      "stats http-request",
    );
  else applyStats(stats, line, word);
}

function applyStats(stats: StatsDraft, line: Line, word: string): void {
  switch (word) {
    case "enable":
      break;
    case "hide-version":
      stats.hideVersion = true;
      break;
    case "show-legends":
      stats.showLegends = true;
      break;
    case "show-modules":
      stats.showModules = true;
      break;
    case "show-node":
      stats.showNode = line.text(2);
      break;
    case "show-desc":
      stats.showDescription = line.rest(2);
      break;
    case "uri":
      stats.uri = line.need(2, "stats uri", "a path");
      break;
    case "realm":
      stats.realm = line.need(2, "stats realm", "a realm");
      break;
    case "refresh": {
      const timeMs = line.time(2, "stats refresh", 1000);
      if (timeMs !== undefined) stats.refreshSeconds = Math.ceil(timeMs / 1000);
      break;
    }
    case "scope": {
      const name = line.need(2, "stats scope", "a proxy's name or '.'");
      if (name !== undefined) stats.scope.push(name);
      break;
    }
    default: {
      const text = line.need(2, "stats auth", "user:password");
      if (text === undefined) break;
      const colon = text.indexOf(":");
      const name = colon < 0 ? text : text.slice(0, colon);
      stats.users.push({ name, password: colon < 0 ? "" : text.slice(colon + 1) });
    }
  }
}
