/** One action of a rule as a closure. What can't run yet in this place is refused when the configuration is loaded. */
import { compileRegex } from "../../model/regex.ts";
import type { Action } from "../../model/rule.ts";
import type { IpAddress } from "../../model/ip.ts";
import type { Head } from "../http/head.ts";
import { reasonPhrase } from "../http/error-page.ts";
import { compileExpression } from "../expression.ts";
import { compileLogFormat } from "../log-format.ts";
import { prometheusText } from "../prometheus.ts";
import { toText } from "../sample-cast.ts";
import { pathAndQueryOf, pathOf, splitHeaderValue } from "../sample-http-text.ts";
import type { CompileEnvironment } from "../sample-types.ts";
import { compileRedirect, compileReply, oneLine } from "./reply.ts";
import { compileStateAction } from "./state-action.ts";
import type { RuleTarget } from "./target.ts";
import { normalizeUri, withPath, withQuery } from "./uri.ts";
import type { Verdict } from "./verdict.ts";

/** Which message the rules look at. */
export type RuleSide = "request" | "response";
/** Does its work; a verdict ends the rule set. */
export type RunAction = (target: RuleTarget) => Verdict | undefined;

const ACCEPT: Verdict = { kind: "accept" };
const DROP: Verdict = { kind: "drop", silently: false };
const CLOSE: Verdict = { kind: "drop", silently: false, gently: true };
const SILENT: Verdict = { kind: "drop", silently: true };

export function compileAction(action: Action, side: RuleSide, environment: CompileEnvironment): RunAction {
  return (
    compileFinal(action, side, environment) ??
    compileHeaderAction(action, side, environment) ??
    compileUriAction(action, environment) ??
    compileStateAction(action, side, environment) ??
    (() => undefined)
  );
}

function compileFinal(action: Action, side: RuleSide, environment: CompileEnvironment): RunAction | undefined {
  switch (action.kind) {
    case "accept":
      return () => ACCEPT;
    case "reject":
      return () => DROP;
    case "close":
      return () => CLOSE;
    case "silent-drop":
      return () => SILENT;
    case "deny":
    case "return": {
      const denied = action.kind === "deny";
      const { status } = action.reply;
      const make = compileReply(action.reply, environment, denied);
      return (target) => ({ kind: "reply", status, text: make(target), denied, closes: false });
    }
    case "tarpit": {
      const { status } = action.reply;
      const make = compileReply(action.reply, environment, true);
      return (target) => ({ kind: "tarpit", status, text: make(target) });
    }
    case "redirect": {
      const make = compileRedirect(action.redirect, environment);
      const { code } = action.redirect;
      return (target) => {
        const text = make(target);
        return text === undefined ? undefined : { kind: "reply", status: code, text, denied: false, closes: false };
      };
    }
    case "use-service":
      // There is one: the reader refuses every other.
      return (target) => {
        const body = prometheusText(target.statsRows());
        const head = "HTTP/1.1 200 OK\r\nCache-Control: no-cache\r\nContent-Type: text/plain; version=0.0.4\r\n";
        const text = `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
        return { kind: "reply", status: 200, text, denied: false, closes: false };
      };
    case "wait-for-body": {
      const { atLeastBytes = 0, timeMs } = action;
      return (target) =>
        target.isBodyHere(side, atLeastBytes) ? undefined : { kind: "wait-for-body", timeMs, atLeastBytes };
    }
    case "resolve": {
      const { family: prefer = 6, resolvers } = action;
      const { name, scope } = action.variable;
      const { get } = compileExpression(action.name, environment);
      return (target) => {
        const asked = get(target);
        if (asked === undefined) return undefined;
        const take = (address: IpAddress | undefined): void => {
          if (address !== undefined) target.variables.set(scope, name, address);
        };
        return { kind: "look-up", resolvers, name: toText(asked), prefer, take };
      };
    }
    case "auth": {
      const realm = action.realm ?? environment.proxyName;
      return (target) => {
        const page = target.errorPage(401);
        const end = page.indexOf("\r\n\r\n") + 2;
        const text = `${page.slice(0, end)}WWW-Authenticate: Basic realm="${realm.replace(/["\\]/g, "\\$&")}"\r\n${page.slice(end)}`;
        return { kind: "reply", status: 401, text, denied: false, closes: false };
      };
    }
    default:
      return undefined;
  }
}

function headOf(target: RuleTarget, side: RuleSide): Head | undefined {
  return side === "request" ? target.requestHead : target.responseHead;
}

function compileHeaderAction(action: Action, side: RuleSide, environment: CompileEnvironment): RunAction | undefined {
  const edit = (change: (head: Head, target: RuleTarget) => void): RunAction => {
    return (target) => {
      const head = headOf(target, side);
      if (head !== undefined) change(head, target);
      return undefined;
    };
  };
  switch (action.kind) {
    case "add-header":
    case "set-header": {
      const render = compileLogFormat(action.value, environment, "http");
      const { name } = action;
      if (action.kind === "add-header") return edit((head, target) => head.add(name, fieldValue(render(target))));
      return edit((head, target) => head.set(name, fieldValue(render(target))));
    }
    case "del-header":
      return edit(deleteHeader(action));
    case "replace-header": {
      const pattern = compiled(action.pattern);
      const render = compileLogFormat(action.value, environment, "http");
      const lower = action.name.toLowerCase();
      const { whole } = action;
      return edit((head, target) => {
        if (head.first(lower) === undefined) return;
        const format = render(target);
        const replace = (value: string) => oneLine(replaceByFormat(value, pattern, format));
        head.map(lower, (value) => (whole ? replace(value) : splitHeaderValue(value).map(replace).join(",")));
      });
    }
    case "early-hint": {
      const render = compileLogFormat(action.value, environment, "http");
      const { name } = action;
      return (target) => {
        target.sendEarlyHints(`${name}: ${oneLine(render(target))}\r\n`);
        return undefined;
      };
    }
    case "set-status": {
      const reason = action.reason ?? reasonPhrase(action.status);
      return edit((head) => head.setStatusLine(action.status, reason));
    }
    default:
      return undefined;
  }
}

/** Blanks around a value don't belong to it, RFC 9110 section 5.5. */
function fieldValue(text: string): string {
  return oneLine(text).replace(/^[ \t]+|[ \t]+$/g, "");
}

function compiled(pattern: string): RegExp {
  const regex = compileRegex(pattern, "");
  if (typeof regex === "string") throw new Error(`the expression '${pattern}' was accepted: ${regex}`);
  return regex;
}

function deleteHeader(action: Action & { readonly kind: "del-header" }): (head: Head) => void {
  const name = action.match === "reg" ? action.name : action.name.toLowerCase();
  switch (action.match) {
    case "str":
      return (head) => head.removeNamed(name);
    case "beg":
      return (head) => head.remove((its) => its.startsWith(name));
    case "end":
      return (head) => head.remove((its) => its.endsWith(name));
    case "sub":
      return (head) => head.remove((its) => its.includes(name));
    case "reg": {
      const pattern = compiled(name);
      return (head) => head.remove((its) => pattern.test(its));
    }
  }
}

/** The whole text becomes `format` when the pattern matches; `\1` are its groups. */
export function replaceByFormat(text: string, pattern: RegExp, format: string): string {
  const found = pattern.exec(text);
  if (found === null) return text;
  const replaced = format.replace(/\\(\d|\\)/g, (_whole, digit: string) =>
    digit === "\\" ? "\\" : (found[Number(digit)] ?? ""),
  );
  return replaced;
}

function compileUriAction(action: Action, environment: CompileEnvironment): RunAction | undefined {
  const change = (make: (target: RuleTarget, uri: string) => string | undefined): RunAction => {
    return (target) => {
      const head = target.requestHead;
      const uri = make(target, head.target);
      if (uri !== undefined && uri !== head.target) head.setRequestLine(head.method, safeTarget(uri));
      return undefined;
    };
  };
  switch (action.kind) {
    case "set-method": {
      const render = compileLogFormat(action.value, environment, "http");
      return (target) => {
        target.requestHead.setRequestLine(safeTarget(render(target)), target.requestHead.target);
        return undefined;
      };
    }
    case "set-path": {
      const render = compileLogFormat(action.value, environment, "http");
      return change((target, uri) => withPath(uri, render(target), action.withQuery));
    }
    case "set-query": {
      const render = compileLogFormat(action.value, environment, "http");
      return change((target, uri) => withQuery(uri, render(target)));
    }
    case "set-uri": {
      const render = compileLogFormat(action.value, environment, "http");
      return change((target) => render(target));
    }
    case "replace-uri":
    case "replace-path": {
      const pattern = compiled(action.pattern);
      const render = compileLogFormat(action.value, environment, "http");
      if (action.kind === "replace-uri") return change((target, uri) => replaceByFormat(uri, pattern, render(target)));
      const { withQuery: both } = action;
      return change((target, uri) => {
        const path = (both ? pathAndQueryOf(uri) : pathOf(uri)) ?? uri;
        return withPath(uri, replaceByFormat(path, pattern, render(target)), both);
      });
    }
    case "normalize-uri":
      return change((_target, uri) => normalizeUri(uri, action.normalizer, action.full, action.strict));
    default:
      return undefined;
  }
}

/** A request line has no room for blanks and controls. */
function safeTarget(text: string): string {
  return text.replace(
    /[^\x21-\x7e\x80-\xff]/g,
    (unit) => `%${unit.charCodeAt(0).toString(16).padStart(2, "0").toUpperCase()}`,
  );
}
