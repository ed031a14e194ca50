import { isAlias, isCollection, isMap, isNode, isPair, isScalar, parseDocument, visit } from "yaml";
import type { Document, Node, Pair, YAMLMap } from "yaml";
import type { Result } from "../reason/result.ts";
import type { Reason } from "../reason/catalogue.ts";
import type { Position } from "./position.ts";
import { textReason } from "./parsed.ts";
import { positionAt, type Source } from "./source.ts";

/** A place inside a document: keys of maps and indexes of lists. */
export type YamlPath = readonly (string | number)[];

/** Longest text that is read at all (UTF-16 code units). */
export const LONGEST_YAML = 4 * 1024 * 1024;
/** How many nodes aliases may multiply into, against the "billion laughs" kind of text. */
const MOST_ALIASES = 100;

/**
 * A YAML text with its positions. `document` is the editable form of the yaml package: changes made through
 * `document.setIn(path, value)` and printed by `writeYaml` keep comments and order.
 */
export interface YamlText {
  readonly source: Source;
  readonly document: Document.Parsed;
  /** The plain value: objects, arrays, scalars. An empty text is null. */
  readonly value: unknown;
}

/**
 * Reads one YAML 1.2 document (core schema: `yes` is a word, `true` is a boolean).
 * @returns the text, or every TEXT_YAML_SYNTAX and TEXT_YAML_DUPLICATE_KEY at once
 */
export function parseYaml(source: Source): Result<YamlText> {
  if (source.text.length > LONGEST_YAML) {
    return { ok: false, problems: [textReason("TEXT_YAML_TOO_BIG", { most: LONGEST_YAML }, positionAt(source, 0))] };
  }
  const document = parseDocument(source.text, { prettyErrors: false, uniqueKeys: false, version: "1.2" });
  const problems: Reason[] = [];
  for (const error of document.errors) {
    const [start, end] = error.pos;
    problems.push(textReason("TEXT_YAML_SYNTAX", { detail: inPlainWords(error.message) }, spot(source, start, end)));
  }
  problems.push(...duplicateKeys(source, document));
  if (problems.length > 0) return { ok: false, problems };
  const warnings = document.warnings.map((warning) => {
    return textReason("TEXT_YAML_SYNTAX", { detail: inPlainWords(warning.message) }, spot(source, ...warning.pos));
  });
  try {
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES });
    return { ok: true, value: { source, document, value }, warnings };
  } catch (error) {
    // Only alias trouble is left here: an unknown anchor, or too many of them.
    const detail = error instanceof Error ? error.message : String(error);
    return { ok: false, problems: [textReason("TEXT_YAML_SYNTAX", { detail }, firstAlias(source, document))] };
  }
}

function inPlainWords(message: string): string {
  return message.slice(0, 1).toLowerCase() + message.slice(1);
}

/** A position whose caret stays on its own line. */
function spot(source: Source, start: number, end: number): Position {
  const lineEnd = source.text.slice(start, end).search(/[\r\n]/);
  const length = lineEnd < 0 ? end - start : lineEnd;
  return positionAt(source, start, Math.max(1, length));
}

function firstAlias(source: Source, document: Document.Parsed): Position {
  let found: Position | undefined;
  visit(document, {
    Alias: (_key, node) => {
      if (node.range) found = spot(source, node.range[0], node.range[1]);
      return visit.BREAK;
    },
  });
  return found ?? positionAt(source, 0);
}

function duplicateKeys(source: Source, document: Document.Parsed): readonly Reason[] {
  const problems: Reason[] = [];
  visit(document, {
    Map: (_key, map) => {
      const firstLine = new Map<string, number>();
      for (const pair of map.items) {
        if (!isScalar(pair.key) || !pair.key.range) continue;
        const key = String(pair.key.value);
        const at = spot(source, pair.key.range[0], pair.key.range[1]);
        const earlier = firstLine.get(key);
        if (earlier === undefined) firstLine.set(key, at.line);
        else problems.push(textReason("TEXT_YAML_DUPLICATE_KEY", { key, firstLine: earlier }, at));
      }
    },
  });
  return problems;
}

/** The node at a path, or the nearest one above it that exists, with how many steps were found. */
function nearestNode(
  text: YamlText,
  path: YamlPath,
): { readonly node: Node | undefined; readonly depth: number; readonly pair: Pair | undefined } {
  let node: unknown = text.document.contents;
  let pair: Pair | undefined;
  let depth = 0;
  for (const step of path) {
    const target = isAlias(node) ? node.resolve(text.document) : node;
    const inside = isMap(target) ? pairOf(target, step) : isCollection(target) ? target.items[Number(step)] : undefined;
    const next: unknown = isPair(inside) ? inside.value : inside;
    if (inside === undefined) break;
    depth += 1;
    pair = isPair(inside) ? inside : undefined;
    // `key:` with nothing after it has no node of its own: stay on the key.
    if (!isNode(next)) return { node: isPair(inside) && isNode(inside.key) ? inside.key : undefined, depth, pair };
    node = next;
  }
  return { node: isNode(node) ? node : undefined, depth, pair };
}

function pairOf(map: YAMLMap, key: string | number): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key));
}

/**
 * Where the value at a path is written; where it would belong (its nearest parent's key) when it isn't there.
 * With `part: "key"` the key that leads to it.
 */
export function yamlPosition(text: YamlText, path: YamlPath, part: "key" | "value" = "value"): Position {
  const { node, depth, pair } = nearestNode(text, path);
  const missing = depth < path.length;
  const key = pair !== undefined && isNode(pair.key) ? pair.key : undefined;
  // A whole map or list as value would underline many lines: its key says it better.
  const preferKey = part === "key" || missing || isCollection(node);
  const chosen = preferKey && key !== undefined ? key : node;
  if (!chosen?.range) return positionAt(text.source, 0);
  return isCollection(chosen)
    ? spot(text.source, chosen.range[0], chosen.range[0] + 1)
    : spot(text.source, chosen.range[0], chosen.range[1]);
}

/** Prints a document again after changes through its `document`, with its comments, order and blank lines kept. */
export function writeYaml(text: YamlText): string {
  return text.document.toString({ lineWidth: 0, flowCollectionPadding: false });
}
