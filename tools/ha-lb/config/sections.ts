import { lookUp } from "../../../shared/text/lookup.ts";
import type { Position } from "../../../shared/text/position.ts";
import type { CacheSection, HttpErrors, Mailers, Peers, Resolvers, Ring, UserList } from "../model/global.ts";
import { parseBind } from "./bind.ts";
import { draftFrom, emptyDraft, type ProxyDraft } from "./draft.ts";
import { readGlobalLine } from "./global.ts";
import { emptyGlobal, type GlobalDraft } from "./global-draft.ts";
import { hintFor, type Line } from "./line.ts";
import { parseOption } from "./proxy-options.ts";
import { PROXY_READERS } from "./proxy-keywords.ts";
import { PROXY_KEYWORDS } from "./proxy-table.ts";
import type { Report } from "./report.ts";
import type { Reference, Scope } from "./scope.ts";
import * as small from "./small-sections.ts";

/** Sections of one configuration. */
export const SECTIONS_MAX = 20_000;

export const SECTION_NAMES = [
  "global",
  "defaults",
  "frontend",
  "backend",
  "listen",
  "userlist",
  "resolvers",
  "peers",
  "mailers",
  "http-errors",
  "cache",
  "ring",
  "log-forward",
  "program",
  "fcgi-app",
];

/** Sections that are read and have no effect, or a part of it. */
export const IGNORED_SECTIONS = {
  cache: "there is no response cache; rules that use one are refused",
  peers: "tables aren't sent to other hosts; over a reload, and between workers, they are kept without it",
} as const;

/** Sections that are refused, with the reason. */
export const SECTION_STATUS: Readonly<Record<string, string>> = {
  "log-forward": "logs of others aren't forwarded; a syslog daemon does that",
  program: "no further programs are started: use systemd units",
  "fcgi-app": "there is no FastCGI back end",
};

/** Everything read so far; readers of lines add to it. */
export class Reading {
  readonly global: GlobalDraft = emptyGlobal();
  readonly drafts: ProxyDraft[] = [];
  readonly references: Reference[] = [];
  readonly namedDefaults = new Map<string, ProxyDraft>();
  readonly userLists = new Map<string, UserList>();
  readonly resolvers = new Map<string, Resolvers>();
  readonly peers = new Map<string, Peers>();
  readonly mailers = new Map<string, Mailers>();
  readonly httpErrors = new Map<string, HttpErrors>();
  readonly caches = new Map<string, CacheSection>();
  readonly rings = new Map<string, Ring>();
  readonly report: Report;
  readonly environment: Map<string, string>;
  /** For `.SECTION`. */
  sectionLabel = "";
  private defaults: ProxyDraft;
  private reader: (line: Line) => void = (line) => this.outside(line);
  private close: () => void = () => undefined;

  constructor(report: Report, environment: ReadonlyMap<string, string>) {
    this.report = report;
    this.environment = new Map(environment);
    this.defaults = emptyDraft("defaults", "", { file: "", line: 1, column: 1 });
  }

  /** One line of whatever section is open, or the start of the next. */
  readLine(line: Line): void {
    if (SECTION_NAMES.includes(line.text(0))) this.open(line);
    else this.reader(line);
  }

  /** Ends the section that is open. A new file starts outside of any. */
  endFile(): void {
    this.close();
    this.close = () => undefined;
    this.reader = (line) => this.outside(line);
    this.sectionLabel = "";
  }

  private outside(line: Line): void {
    const keyword = line.text(0);
    line.problem("LB_UNKNOWN_SECTION", {
      keyword,
      hint: hintFor(keyword, SECTION_NAMES) || "a section such as 'global' or 'frontend NAME' comes first",
    });
  }

  private scope(section: string): Scope {
    return { report: this.report, references: this.references, section, places: [], keyword: section };
  }

  private open(line: Line): void {
    this.close();
    this.close = () => undefined;
    const kind = line.text(0);
    this.sectionLabel = line.has(1) ? line.text(1) : kind;
    switch (kind) {
      case "global":
        line.end(1, "global");
        this.reader = (next) => this.readGlobal(next);
        break;
      case "defaults":
        this.openDefaults(line);
        break;
      case "frontend":
      case "backend":
      case "listen":
        this.openProxy(line, kind);
        break;
      default:
        this.openSmall(line, kind);
    }
  }

  private readGlobal(line: Line): void {
    readGlobalLine(
      {
        scope: this.scope("global"),
        draft: this.global,
        environment: this.environment,
        setEnvironment: (name, value) => {
          if (value === undefined) this.environment.delete(name);
          else this.environment.set(name, value);
          this.global.environment.set(name, value ?? null);
        },
      },
      line,
    );
  }

  private sectionName(line: Line, kind: string): string | undefined {
    const name = line.need(1, kind, "a name");
    const bad = /[^A-Za-z0-9_:.-]/.exec(name ?? "")?.[0];
    if (name !== undefined && bad !== undefined) line.problem("LB_BAD_NAME", { character: bad, name }, 1);
    return name;
  }

  private openDefaults(line: Line): void {
    const name = line.text(1);
    const bad = /[^A-Za-z0-9_:.-]/.exec(name)?.[0];
    if (bad !== undefined) line.problem("LB_BAD_NAME", { character: bad, name }, 1);
    const base = this.inherited(line, 2) ?? emptyDraft("defaults", name, line.span(0));
    const draft = draftFrom(base, "defaults", name, line.span(0));
    const twin = name === "" ? undefined : this.namedDefaults.get(name);
    if (twin !== undefined)
      line.problem("LB_DUPLICATE_NAME", { kind: "defaults", name, other: `${twin.at.file}:${twin.at.line}` }, 1);
    if (name !== "") this.namedDefaults.set(name, draft);
    this.defaults = draft;
    this.reader = (next) => this.readProxyLine(draft, next);
  }

  /** `… from NAME` at `index`. */
  private inherited(line: Line, index: number): ProxyDraft | undefined {
    if (line.text(index) !== "from") {
      line.end(index, line.text(0));
      return undefined;
    }
    const name = line.need(index + 1, "from", "the name of a defaults section");
    line.end(index + 2, "from");
    const found = name === undefined ? undefined : this.namedDefaults.get(name);
    if (name !== undefined && found === undefined) {
      line.problem(
        "LB_NO_SUCH_SECTION",
        { keyword: "from", kind: "defaults section", name, hint: hintFor(name, this.namedDefaults.keys()) },
        index + 1,
      );
    }
    return found;
  }

  private openProxy(line: Line, kind: "frontend" | "backend" | "listen"): void {
    const name = this.sectionName(line, kind) ?? "";
    const address = line.has(2) && line.text(2) !== "from";
    const base = (address ? undefined : this.inherited(line, 2)) ?? this.defaults;
    const draft = draftFrom(base, kind, name, line.span(0));
    if (base.name !== "") draft.defaultsName = base.name;
    if (address) this.oldAddress(draft, line, kind, name);
    this.reader = (next) => this.readProxyLine(draft, next);
    const twin = this.drafts.find(
      (known) =>
        known.name === name && ((known.isFrontend && draft.isFrontend) || (known.isBackend && draft.isBackend)),
    );
    if (twin !== undefined)
      line.problem("LB_DUPLICATE_NAME", { kind, name, other: `${twin.at.file}:${twin.at.line}` }, 1);
    if (this.drafts.length >= SECTIONS_MAX) line.problem("LB_TOO_MUCH", { what: "proxies", most: SECTIONS_MAX });
    else this.drafts.push(draft);
  }

  /** `listen NAME IP:PORT`: the form of before 1.7. */
  private oldAddress(draft: ProxyDraft, line: Line, kind: string, name: string): void {
    if (kind === "backend") return line.end(2, kind);
    line.problem("LB_OLD_LISTEN_ADDRESS", { keyword: kind, name, address: line.text(2) }, 2);
    draft.binds.push(...parseBind(line, 2, kind, this.global.bindTls));
  }

  private readProxyLine(draft: ProxyDraft, line: Line): void {
    const first = line.text(0);
    if (first === "no" || first === "default") {
      this.readNegated(draft, line);
      return;
    }
    const entry = PROXY_KEYWORDS.get(first);
    const section = draft.kind;
    if (entry === undefined) {
      const candidates = [...PROXY_KEYWORDS.values()]
        .filter((known) => known.kind !== "removed")
        .map((known) => known.name);
      line.problem("LB_UNKNOWN_KEYWORD", { keyword: first, section, hint: hintFor(first, candidates) });
      return;
    }
    if (entry.kind === "removed") return line.problem("LB_REMOVED", { keyword: first, means: entry.means });
    if (entry.kind === "refused") return line.problem("LB_NOT_SUPPORTED", { keyword: first, means: entry.means });
    if (entry.kind === "ignored") return line.problem("LB_IGNORED", { keyword: first, means: entry.means });
    if (!this.mayStand(draft, line, entry.places)) return;
    const reader = lookUp(PROXY_READERS, first);
    if (reader === undefined) throw new Error(`'${first}' is listed as honoured and has no reader`);
    draft.seen.set(first, line.span(0));
    reader(
      { scope: this.scope(draft.name), draft, bindTls: this.global.bindTls, serverTls: this.global.serverTls },
      line,
    );
  }

  private mayStand(draft: ProxyDraft, line: Line, places: string): boolean {
    const column =
      draft.kind === "defaults"
        ? draft.name === ""
          ? 0
          : 1
        : draft.kind === "frontend"
          ? 2
          : draft.kind === "listen"
            ? 3
            : 4;
    const mark = places.charAt(column);
    if (mark === ".") return true;
    const keyword = line.text(0);
    if (mark === "E")
      line.problem("LB_WRONG_SECTION", {
        keyword,
        section: draft.kind === "defaults" && draft.name === "" ? "defaults (without a name)" : draft.kind,
      });
    else line.problem("LB_WRONG_SIDE", { keyword, name: draft.name, side: column === 2 ? "backend" : "frontend" });
    return false;
  }

  /** `no option X`, `default option X`, `no log`. */
  private readNegated(draft: ProxyDraft, line: Line): void {
    const target = line.text(1);
    if (target === "option") parseOption(draft, line, 2, false);
    else if (target === "log" && line.text(0) === "no") {
      draft.logTargets = [];
      draft.logGlobal = false;
    } else if (target === "stick-table") delete draft.stickTable;
    else
      line.problem("LB_BAD_COMBINATION", {
        keyword: line.rest(0),
        problem: `'${line.text(0)}' can't stand here: only before 'option' and 'log'`,
      });
  }

  private openSmall(line: Line, kind: string): void {
    const name = this.sectionName(line, kind) ?? "";
    line.end(2, kind);
    const at: Position = line.span(0);
    switch (kind) {
      case "userlist":
        this.use(small.userListReader(name, at), this.userLists, name, kind, line);
        break;
      case "resolvers":
        this.use(small.resolversReader(name, at), this.resolvers, name, kind, line);
        break;
      case "peers":
        this.use(small.peersReader(this.scope(name), name, at, this.global.bindTls), this.peers, name, kind, line);
        break;
      case "mailers":
        this.use(small.mailersReader(name, at), this.mailers, name, kind, line);
        break;
      case "http-errors":
        this.use(small.httpErrorsReader(name, at), this.httpErrors, name, kind, line);
        break;
      case "cache":
        line.problem("LB_IGNORED", { keyword: "cache", means: IGNORED_SECTIONS.cache });
        this.use(small.cacheReader(name, at), this.caches, name, kind, line);
        break;
      case "ring":
        this.use(small.ringReader(name, at), this.rings, name, kind, line);
        break;
      default:
        line.problem("LB_NOT_SUPPORTED", { keyword: `${kind} ${name}`, means: lookUp(SECTION_STATUS, kind) ?? "" });
        this.reader = () => undefined;
    }
  }

  private use<Value>(
    reader: small.SectionReader<Value>,
    into: Map<string, Value>,
    name: string,
    kind: string,
    line: Line,
  ): void {
    if (into.has(name)) line.problem("LB_DUPLICATE_NAME", { kind, name, other: "an earlier section" }, 1);
    this.reader = (next) => reader.read(next);
    this.close = () => into.set(name, reader.finish());
  }
}
