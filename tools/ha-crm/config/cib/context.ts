import { type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import type { Position } from "../../../../shared/text/position.ts";
import { crmReasons } from "../../model/reasons.ts";
import { elementPosition, type XmlDocument, type XmlElement } from "../xml.ts";

/**
 * Elements whose `id` is no id of the document: references, and nodes. A remote node's entry bears the id of the
 * resource that connects to it.
 */
const WITHOUT_OWN_ID: ReadonlySet<string> = new Set(["resource_ref", "obj_ref", "node"]);

/** What readers of the parts of one CIB share: where elements are, what was found wrong, ids to refer to. */
export class CibContext {
  readonly problems: Reason[] = [];
  readonly warnings: Reason[] = [];
  private readonly document: XmlDocument;
  private readonly byId = new Map<string, XmlElement>();
  private readonly shared = new Map<string, string>();

  constructor(document: XmlDocument) {
    this.document = document;
  }

  at(element: XmlElement): Position {
    return elementPosition(this.document, element);
  }

  /** Remembers all ids below an element, so that `id-ref` can be followed; names ids that are used twice. */
  collectIds(element: XmlElement): void {
    const id = element.attributes.get("id");
    if (id !== undefined && !WITHOUT_OWN_ID.has(element.name)) {
      if (this.byId.has(id)) this.problems.push(reason(crmReasons, "CRM_CIB_DUPLICATE_ID", { id }, this.at(element)));
      else this.byId.set(id, element);
    }
    for (const child of element.children) this.collectIds(child);
  }

  /** The element itself, or the one its `id-ref` names. */
  follow(element: XmlElement): XmlElement {
    const reference = element.attributes.get("id-ref");
    if (reference === undefined) return element;
    const found = this.byId.get(reference);
    if (found !== undefined && found.name === element.name && !found.attributes.has("id-ref")) return found;
    this.problems.push(
      reason(
        crmReasons,
        "CRM_CIB_REFERENCE",
        { what: element.name, id: reference, hint: `give a <${element.name}> this id, or correct the id-ref` },
        this.at(element),
      ),
    );
    return element;
  }

  /** An attribute that must be there; a problem and an empty text when it isn't. */
  need(element: XmlElement, attribute: string): string {
    const value = element.attributes.get(attribute);
    if (value === undefined || value === "") {
      this.problems.push(reason(crmReasons, "CRM_CIB_MISSING", { element: element.name, attribute }, this.at(element)));
    }
    return value ?? "";
  }

  /**
   * One and the same text for all that are equal: what every entry of a history says again is then kept once, and
   * compared by its place in memory.
   */
  share<Text extends string | undefined>(text: Text): Text | string {
    if (text === undefined) return text;
    const known = this.shared.get(text);
    if (known !== undefined) return known;
    this.shared.set(text, text);
    return text;
  }

  unknown(element: XmlElement): void {
    this.warnings.push(reason(crmReasons, "CRM_CIB_UNKNOWN", { element: element.name }, this.at(element)));
  }
}
