import { lookUp } from "../../../shared/text/lookup.ts";
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../shared/reason/result.ts";
import type { Position } from "../../../shared/text/position.ts";
import { makeSource, positionAt, type Source } from "../../../shared/text/source.ts";
import { crmReasons } from "../model/reasons.ts";

/**
 * A strict reader for the part of XML 1.0 that CIBs use: elements, attributes, the five named entities, character
 * references, comments, CDATA. Document types are refused: nothing can be expanded, so a text can't grow while it is
 * read. Every element knows its place.
 */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Place in the text; see `elementPosition`. */
  readonly offset: number;
}

export interface XmlDocument {
  readonly root: XmlElement;
  readonly source: Source;
}

/** Larger texts are refused. A CIB of 16 nodes and 5000 resources with history has about 60 MB. */
export const XML_MAX_CHARACTERS = 512 * 1024 * 1024;
export const XML_MAX_DEPTH = 100;

export function elementPosition(document: XmlDocument, element: XmlElement): Position {
  return positionAt(document.source, element.offset, element.name.length + 1);
}

const NAME = /[A-Za-z_:\u00C0-\uFFFD][A-Za-z0-9_:.\-\u00B7\u00C0-\uFFFD]*/y;
const SPACE = /[ \t\r\n]*/y;
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

class XmlProblem extends Error {
  readonly fact: Reason;
  constructor(fact: Reason) {
    super(fact.code);
    this.fact = fact;
  }
}

interface OpenElement {
  readonly name: string;
  readonly attributes: Map<string, string>;
  readonly children: XmlElement[];
  readonly offset: number;
}

class Reader {
  private at = 0;
  private readonly text: string;
  private readonly source: Source;

  constructor(source: Source) {
    this.source = source;
    this.text = source.text;
  }

  read(): XmlElement {
    if (this.text.charCodeAt(0) === 0xfeff) this.at = 1;
    const open: OpenElement[] = [];
    let root: XmlElement | undefined;
    for (;;) {
      this.skipText(open.length > 0);
      if (this.at >= this.text.length) break;
      if (this.skipMarkup()) continue;
      if (this.text.startsWith("</", this.at)) {
        const closed = this.readClosing(open);
        if (open.length === 0) root = closed;
        continue;
      }
      if (root !== undefined) this.problem("after the root element nothing may follow", this.at);
      const { element, empty } = this.readOpening();
      open.at(-1)?.children.push(element);
      if (!empty) {
        if (open.length >= XML_MAX_DEPTH)
          this.problem(`more than ${XML_MAX_DEPTH} elements inside each other`, this.at);
        open.push(element);
      } else if (open.length === 0) root = element;
    }
    const last = open.at(-1);
    if (last !== undefined) this.problem(`<${last.name}> is never closed`, last.offset);
    return root ?? this.problem("there is no element", 0);
  }

  /** Character data says nothing in a CIB; outside of the root only space may stand. */
  private skipText(inside: boolean): void {
    const next = this.text.indexOf("<", this.at);
    const end = next < 0 ? this.text.length : next;
    if (!inside && this.text.slice(this.at, end).trim() !== "")
      this.problem("text outside of the root element", this.at);
    this.at = end;
  }

  private skipMarkup(): boolean {
    const begins = (word: string) => this.text.startsWith(word, this.at);
    if (begins("<!--")) return this.skipTo("-->", 4);
    if (begins("<![CDATA[")) return this.skipTo("]]>", 9);
    if (begins("<?")) return this.skipTo("?>", 2);
    if (begins("<!")) this.problem("document types and their entities are not read", this.at);
    return false;
  }

  private skipTo(end: string, from: number): boolean {
    const found = this.text.indexOf(end, this.at + from);
    if (found < 0) this.problem(`"${end}" is missing`, this.at);
    this.at = found + end.length;
    return true;
  }

  private readClosing(open: OpenElement[]): OpenElement {
    const start = this.at;
    this.at += 2;
    const name = this.readName();
    this.skipSpace();
    this.expect(">");
    const last = open.pop();
    if (last === undefined || last.name !== name) {
      const wanted = last === undefined ? "no element is open" : `<${last.name}> is open`;
      return this.problem(`</${name}> closes nothing: ${wanted}`, start);
    }
    return last;
  }

  private readOpening(): { readonly element: OpenElement; readonly empty: boolean } {
    const offset = this.at;
    this.at += 1;
    const name = this.readName();
    const attributes = new Map<string, string>();
    for (;;) {
      const spaced = this.skipSpace();
      const unit = this.text.charCodeAt(this.at);
      if (unit === 0x3e) {
        this.at += 1;
        return { element: { name, attributes, children: [], offset }, empty: false };
      }
      if (unit === 0x2f) {
        this.at += 1;
        this.expect(">");
        return { element: { name, attributes, children: [], offset }, empty: true };
      }
      if (!spaced) this.problem("a space is missing before the attribute", this.at);
      this.readAttribute(attributes);
    }
  }

  private readAttribute(attributes: Map<string, string>): void {
    const start = this.at;
    const name = this.readName();
    this.skipSpace();
    this.expect("=");
    this.skipSpace();
    const quote = this.text.charAt(this.at);
    if (quote !== '"' && quote !== "'") this.problem(`the value of ${name} needs quotes`, this.at);
    const end = this.text.indexOf(quote, this.at + 1);
    if (end < 0) this.problem(`the value of ${name} has no closing quote`, this.at);
    const raw = this.text.slice(this.at + 1, end);
    if (raw.includes("<")) this.problem(`"<" in the value of ${name}`, this.at + 1 + raw.indexOf("<"));
    if (attributes.has(name)) this.problem(`the attribute ${name} is written twice`, start);
    attributes.set(name, raw.includes("&") || /[\t\r\n]/.test(raw) ? this.decode(raw, this.at + 1) : raw);
    this.at = end + 1;
  }

  private decode(raw: string, offset: number): string {
    return raw.replace(/[\t\r\n]/g, " ").replace(/&([^;&]{0,32});?/g, (whole, word: string, index: number) => {
      const named = lookUp(ENTITIES, word);
      if (whole.endsWith(";") && named !== undefined) return named;
      const number = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}))$/.exec(word);
      const code = number === null ? Number.NaN : Number.parseInt(number[1] ?? number[2] ?? "", number[1] ? 16 : 10);
      if (!whole.endsWith(";") || !(code >= 9 && code <= 0x10ffff)) {
        return this.problem(`"${whole}" is no entity that is known here`, offset + index);
      }
      return String.fromCodePoint(code);
    });
  }

  private readName(): string {
    NAME.lastIndex = this.at;
    const found = NAME.exec(this.text);
    if (found === null) return this.problem("a name is missing", this.at);
    this.at = NAME.lastIndex;
    return found[0];
  }

  private skipSpace(): boolean {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.text);
    const moved = SPACE.lastIndex > this.at;
    this.at = Math.max(this.at, SPACE.lastIndex);
    return moved;
  }

  private expect(sign: string): void {
    if (!this.text.startsWith(sign, this.at)) this.problem(`"${sign}" is missing`, this.at);
    this.at += sign.length;
  }

  private problem(detail: string, offset: number): never {
    throw new XmlProblem(reason(crmReasons, "CRM_XML_SYNTAX", { detail }, positionAt(this.source, offset)));
  }
}

/** Reads a whole text. XML can't be read on after a mistake, so there is at most one problem. */
export function parseXml(file: string, text: string): Result<XmlDocument> {
  if (text.length > XML_MAX_CHARACTERS) {
    return fail([reason(crmReasons, "CRM_XML_TOO_BIG", { most: XML_MAX_CHARACTERS }, { file, line: 1, column: 1 })]);
  }
  const source = makeSource(file, text);
  try {
    return ok({ root: new Reader(source).read(), source });
  } catch (error) {
    if (error instanceof XmlProblem) return fail([error.fact]);
    throw error;
  }
}

export function childrenNamed(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element === undefined ? [] : element.children.filter((child) => child.name === name);
}

export function childNamed(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}
