/** Changes of request targets, as rules ask for them. Pure text work. */
import type { NormalizeUri } from "../../model/rule.ts";
import { pathAndQueryOf, pathOf } from "../sample-http-text.ts";

/** What stands before the path: scheme and authority of an absolute target. */
function prefixOf(target: string): string {
  const path = pathAndQueryOf(target);
  return path === undefined ? "" : target.slice(0, target.length - path.length);
}

export function withPath(target: string, path: string, alsoQuery: boolean): string {
  if (alsoQuery) return prefixOf(target) + path;
  const mark = target.indexOf("?");
  return prefixOf(target) + path + (mark < 0 ? "" : target.slice(mark));
}

export function withQuery(target: string, query: string): string {
  const mark = target.indexOf("?");
  const bare = mark < 0 ? target : target.slice(0, mark);
  return query === "" ? bare : `${bare}?${query}`;
}

/** `normalize-uri`; undefined when `strict` forbids what stands there. */
export function normalizeUri(target: string, how: NormalizeUri, full: boolean, strict: boolean): string | undefined {
  const path = pathOf(target) ?? "";
  switch (how) {
    case "fragment-strip":
      return target.split("#", 1)[0];
    case "fragment-encode":
      return target.replaceAll("#", "%23");
    case "path-merge-slashes":
      return withPath(target, path.replace(/\/{2,}/g, "/"), false);
    case "path-strip-dot":
      return withPath(target, path.replace(/(^|\/)(?:\.(?:\/|$))+/g, "$1"), false);
    case "path-strip-dotdot":
      return withPath(target, stripDotDot(path, full), false);
    case "percent-to-uppercase":
      if (strict && /%(?![0-9a-fA-F]{2})/.test(target)) return undefined;
      return target.replace(/%[0-9a-fA-F]{2}/g, (code) => code.toUpperCase());
    case "percent-decode-unreserved":
      if (strict && /%(?![0-9a-fA-F]{2})/.test(target)) return undefined;
      return target.replace(/%[0-9a-fA-F]{2}/g, (code) => {
        const letter = String.fromCharCode(Number.parseInt(code.slice(1), 16));
        return /[A-Za-z0-9._~-]/.test(letter) ? letter : code;
      });
    case "query-sort-by-name": {
      const mark = target.indexOf("?");
      if (mark < 0) return target;
      const parts = target.slice(mark + 1).split("&");
      const name = (part: string) => part.split("=", 1)[0] ?? "";
      return withQuery(
        target,
        parts.toSorted((one, other) => (name(one) < name(other) ? -1 : name(one) > name(other) ? 1 : 0)).join("&"),
      );
    }
  }
}

function stripDotDot(path: string, full: boolean): string {
  const kept: string[] = [];
  for (const part of path.split("/").slice(1)) {
    if (part !== "..") kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!full) kept.push(part);
  }
  return `/${kept.join("/")}`;
}
