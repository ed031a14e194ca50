import { ok, type Result } from "../../../../shared/reason/result.ts";
import { parseXml, type XmlElement } from "../xml.ts";

/**
 * An XML text that can be changed in place. What isn't touched is written back exactly as it was read: comments,
 * blanks, unknown elements, the order and the quotes of attributes. Only a changed element's own tag is made anew.
 */
export type TreeNode = TreeElement | TreeText;

/** Anything between elements: blanks, comments, CDATA, processing instructions; kept as written. */
export interface TreeText {
  readonly kind: "text";
  readonly text: string;
}

const INDENT = "  ";
const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
  "\t": "&#9;",
};

export function escapeXml(text: string): string {
  return text.replace(/[&<>"\n\t]/g, (sign) => ESCAPES[sign] ?? sign);
}

export class TreeElement {
  readonly kind = "element";
  readonly name: string;
  parent: TreeElement | undefined;
  private readonly values: Map<string, string>;
  private nodes: TreeNode[] = [];
  /** The opening tag as it was read; undefined once an attribute has changed, and for new elements. */
  private written: string | undefined;
  /** The closing tag as it was read. */
  closing: string | undefined;
  /** New elements are laid out when they are written; read ones keep their own blanks. */
  private readonly isNew: boolean;

  constructor(name: string, values: ReadonlyMap<string, string>, written?: string) {
    this.name = name;
    this.values = new Map(values);
    this.written = written;
    this.isNew = written === undefined;
  }

  /** A new element; attributes that are undefined are left out. */
  static make(
    name: string,
    attributes: Readonly<Record<string, string | undefined>> = {},
    children: readonly TreeElement[] = [],
  ): TreeElement {
    const values = Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value] as const],
    );
    const element = new TreeElement(name, new Map(values));
    for (const child of children) element.append(child);
    return element;
  }

  get id(): string {
    return this.values.get("id") ?? "";
  }

  get attributes(): ReadonlyMap<string, string> {
    return this.values;
  }

  get children(): readonly TreeElement[] {
    return this.nodes.filter((node) => node.kind === "element");
  }

  get(name: string): string | undefined {
    return this.values.get(name);
  }

  set(name: string, value: string | undefined): void {
    if (this.values.get(name) === value) return;
    if (value === undefined) this.values.delete(name);
    else this.values.set(name, value);
    this.written = undefined;
  }

  child(name: string): TreeElement | undefined {
    return this.children.find((one) => one.name === name);
  }

  all(name: string): readonly TreeElement[] {
    return this.children.filter((one) => one.name === name);
  }

  /** This element and all below it, from top to bottom. */
  *walk(): Generator<TreeElement> {
    yield this;
    for (const child of this.children) yield* child.walk();
  }

  private get depth(): number {
    let depth = 0;
    for (let above = this.parent; above !== undefined; above = above.parent) depth += 1;
    return depth;
  }

  append(child: TreeElement): TreeElement {
    return this.insert(child, undefined);
  }

  /** Puts an element before another of the children, or at the end. */
  insert(child: TreeElement, before: TreeElement | undefined): TreeElement {
    child.detach();
    child.parent = this;
    if (this.isNew) {
      const place = before === undefined ? this.nodes.length : this.nodes.indexOf(before);
      this.nodes.splice(place, 0, child);
      return child;
    }
    const indent: TreeText = { kind: "text", text: `\n${INDENT.repeat(this.depth + 1)}` };
    if (this.nodes.length === 0) this.nodes.push({ kind: "text", text: `\n${INDENT.repeat(this.depth)}` });
    let place = before === undefined ? this.nodes.length : this.nodes.indexOf(before);
    const isBlank = (node: TreeNode | undefined) => node?.kind === "text" && node.text.trim() === "";
    if (isBlank(this.nodes[place - 1])) place -= 1;
    this.nodes.splice(place, 0, indent, child);
    return child;
  }

  /** Keeps the blanks that belong to a node read from a text. */
  adopt(node: TreeNode): void {
    if (node.kind === "element") node.parent = this;
    this.nodes.push(node);
  }

  /** Takes the element out of the tree, with the blanks before it. */
  detach(): void {
    const above = this.parent;
    if (above === undefined) return;
    const place = above.nodes.indexOf(this);
    const blank = above.nodes[place - 1];
    const from = blank?.kind === "text" && blank.text.trim() === "" ? place - 1 : place;
    above.nodes.splice(from, place - from + 1);
    if (above.nodes.every((node) => node.kind === "text" && node.text.trim() === "")) above.nodes = [];
    this.parent = undefined;
  }

  private openingTag(): string {
    const empty = this.nodes.length === 0;
    if (this.written !== undefined) {
      const wasEmpty = this.written.endsWith("/>");
      if (wasEmpty === empty || !wasEmpty) return this.written;
      return `${this.written.slice(0, -2).trimEnd()}>`;
    }
    const attributes = [...this.values].map(([name, value]) => ` ${name}="${escapeXml(value)}"`).join("");
    return `<${this.name}${attributes}${empty ? "/>" : ">"}`;
  }

  write(depth = 0): string {
    const closing = this.closing ?? `</${this.name}>`;
    if (this.nodes.length === 0) {
      const opening = this.openingTag();
      return opening.endsWith("/>") ? opening : `${opening}${closing}`;
    }
    const inner = this.nodes.map((node) => {
      if (node.kind === "text") return node.text;
      return this.isNew ? `\n${INDENT.repeat(depth + 1)}${node.write(depth + 1)}` : node.write(depth + 1);
    });
    const last = this.isNew ? `\n${INDENT.repeat(depth)}` : "";
    return `${this.openingTag()}${inner.join("")}${last}${closing}`;
  }
}

/** A whole file: the root, and what stands before and after it. */
export interface Tree {
  readonly root: TreeElement;
  readonly before: string;
  readonly after: string;
}

export function writeTree(tree: Tree): string {
  return `${tree.before}${tree.root.write()}${tree.after}`;
}

function* inOrder(element: XmlElement): Generator<XmlElement> {
  yield element;
  for (const child of element.children) yield* inOrder(child);
}

/** Comments, CDATA, instructions, closing tags, opening tags (quoted values may hold ">"), and text between them. */
const TOKEN = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<\/[^>]*>|<(?:[^>"']|"[^"]*"|'[^']*')*>|[^<]+/g;

/** Reads a text for changing. Mistakes are those of `parseXml`. */
export function parseTree(file: string, text: string): Result<Tree> {
  const parsed = parseXml(file, text);
  if (!parsed.ok) return parsed;
  // Both readers meet the elements in the same order, so the second takes names and values from the first.
  const elements = inOrder(parsed.value.root);
  const open: TreeElement[] = [];
  let root: TreeElement | undefined;
  let [before, after] = ["", ""];
  for (const [token] of text.matchAll(TOKEN)) {
    if (token.startsWith("</")) {
      const closed = open.pop();
      if (closed !== undefined) closed.closing = token;
      continue;
    }
    const above = open.at(-1);
    if (!token.startsWith("<") || /^<[!?]/.test(token)) {
      if (above !== undefined) above.adopt({ kind: "text", text: token });
      else if (root === undefined) before += token;
      else after += token;
      continue;
    }
    const next = elements.next();
    if (next.done === true) throw new Error("the two XML readers disagree");
    const element = new TreeElement(next.value.name, next.value.attributes, token);
    above?.adopt(element);
    root ??= element;
    if (!token.endsWith("/>")) open.push(element);
  }
  if (root === undefined) throw new Error("the two XML readers disagree");
  return ok({ root, before, after });
}
