import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseXml, type XmlElement } from "../xml.ts";
import { parseTree, TreeElement, writeTree } from "./tree.ts";

const name = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,6}$/);
const value = fc.string({ maxLength: 12 }).map((text) => text.replace(/[^\t\n\x20-\x7e\u00e4\u4e2d]/g, "?"));
const escaped = value.map((text) => text.replace(/[&<"'>]/g, (sign) => `&#${sign.charCodeAt(0)};`));
const attributes = fc
  .uniqueArray(fc.tuple(name, escaped, fc.constantFrom('"', "'"), fc.constantFrom(" ", "  ", "\n   ")), {
    selector: ([one]) => one,
    maxLength: 4,
  })
  .map((all) => all.map(([key, text, quote, blank]) => `${blank}${key}=${quote}${text}${quote}`).join(""));
const filling = fc.constantFrom(
  "",
  "\n",
  "  ",
  "<!-- a > b < c -->",
  "<![CDATA[<not a='tag'/>]]>",
  "<?php x > y ?>",
  "words",
);

/** Random documents with everything that a reader may stumble over. */
const { element } = fc.letrec<{ element: string; inside: string }>((tie) => ({
  element: fc.oneof(
    { depthSize: "small" },
    fc.tuple(name, attributes, fc.constantFrom("/>", " />")).map(([tag, all, end]) => `<${tag}${all}${end}`),
    fc
      .tuple(name, attributes, tie("inside"), fc.constantFrom("", " "))
      .map(([tag, all, inside, blank]) => `<${tag}${all}${blank}>${inside}</${tag}${blank}>`),
  ),
  inside: fc.array(fc.oneof(tie("element"), filling), { maxLength: 4 }).map((all) => all.join("")),
}));
const document = fc.tuple(
  fc.constantFrom("", "<?xml version='1.0'?>\n", "<!-- < -->"),
  element,
  fc.constantFrom("", "\n"),
);

const sameTree = (one: XmlElement): unknown => [one.name, [...one.attributes], one.children.map(sameTree)];

function read(text: string) {
  const tree = parseTree("x.xml", text);
  if (!tree.ok) throw new Error(`${JSON.stringify(tree.problems)} in ${text}`);
  return tree.value;
}

function meaning(text: string): unknown {
  const parsed = parseXml("x.xml", text);
  if (!parsed.ok) throw new Error(`${JSON.stringify(parsed.problems)} in ${text}`);
  return sameTree(parsed.value.root);
}

describe("a text that is changed in place", () => {
  test("is written back as it was when nothing is changed", () => {
    fc.assert(
      fc.property(document, (parts) => {
        const text = parts.join("");
        expect(writeTree(read(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test("adding an element and an attribute and taking them away changes no meaning", () => {
    fc.assert(
      fc.property(document, fc.nat(), value, (parts, pick, text) => {
        const tree = read(parts.join(""));
        const all = [...tree.root.walk()];
        const chosen = all[pick % all.length] ?? tree.root;
        const had = chosen.get("added");
        chosen.append(TreeElement.make("made", { id: text }, [TreeElement.make("inner", { text })]));
        chosen.set("added", text);
        const changed = writeTree(tree);
        const added = read(changed);
        const made = [...added.root.walk()].find((one) => one.name === "made" && one.child("inner") !== undefined);
        expect(made?.child("inner")?.get("text")).toBe(text.replace(/\r/g, " "));
        expect(made?.parent?.get("added")).toBe(text);
        made?.parent?.set("added", had);
        made?.detach();
        expect(meaning(writeTree(added))).toEqual(meaning(parts.join("")));
      }),
      { numRuns: 300 },
    );
  });

  test("new elements are laid out below those that are there", () => {
    const tree = read('<a>\n  <b/>\n  <c id="1"/>\n</a>\n');
    const [b, c] = tree.root.children;
    tree.root.insert(TreeElement.make("new", { id: "2" }, [TreeElement.make("leaf")]), c);
    b?.append(TreeElement.make("deep"));
    expect(writeTree(tree)).toBe(
      '<a>\n  <b>\n    <deep/>\n  </b>\n  <new id="2">\n    <leaf/>\n  </new>\n  <c id="1"/>\n</a>\n',
    );
  });
});
