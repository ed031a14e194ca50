/** A CIB as a tree that can be written, and cut down piece by piece. */
export interface Tree {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Tree[];
}

export function tree(
  name: string,
  attributes: Readonly<Record<string, string | number | boolean | undefined>> = {},
  children: readonly (Tree | undefined)[] = [],
): Tree {
  const written = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as const],
  );
  return { name, attributes: Object.fromEntries(written), children: children.filter((child) => child !== undefined) };
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export function writeTree(node: Tree, depth = 0): string {
  const attributes = Object.entries(node.attributes)
    .map(([name, value]) => ` ${name}="${value.replace(/[&<>"]/g, (sign) => ESCAPES[sign] ?? sign)}"`)
    .join("");
  const indent = "  ".repeat(depth);
  if (node.children.length === 0) return `${indent}<${node.name}${attributes}/>\n`;
  const inner = node.children.map((child) => writeTree(child, depth + 1)).join("");
  return `${indent}<${node.name}${attributes}>\n${inner}${indent}</${node.name}>\n`;
}

type Path = readonly number[];

function pathsOf(node: Tree, path: Path = []): Path[] {
  return [path, ...node.children.flatMap((child, index) => pathsOf(child, [...path, index]))];
}

function without(node: Tree, path: Path): Tree {
  const [index, ...rest] = path;
  if (index === undefined) return node;
  const children =
    rest.length === 0
      ? node.children.filter((_, at) => at !== index)
      : node.children.map((child, at) => (at === index ? without(child, rest) : child));
  return { ...node, children };
}

/** Elements that make no CIB when they are gone. */
const NEEDED = new Set(["cib", "configuration", "crm_config", "nodes", "resources", "constraints", "status"]);

function at(node: Tree, path: Path): Tree {
  let found = node;
  for (const index of path) found = found.children[index] ?? found;
  return found;
}

function comparePaths(left: Path, right: Path): number {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? -1) - (right[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** How many neighbours are tried at once, from many to one. */
const PORTIONS = [64, 16, 4, 1] as const;

/**
 * Cuts elements out while `interesting` holds, until nothing more can go.
 * @param most how many trials there may be
 */
export async function minimise(start: Tree, interesting: (tree: Tree) => Promise<boolean>, most = 1500): Promise<Tree> {
  let best = start;
  let trials = 0;
  for (let changed = true; changed && trials < most;) {
    changed = false;
    for (const portion of PORTIONS) {
      for (let depth = 1; depth < 12; depth += 1) {
        // From the back to the front in document order, so that the paths of what is left stay true.
        const found = pathsOf(best).filter((path) => path.length === depth && !NEEDED.has(at(best, path).name));
        const paths = found.toSorted(comparePaths).toReversed();
        if (portion > 1 && paths.length <= portion) continue;
        for (let from = 0; from < paths.length && trials < most; from += portion) {
          const smaller = paths.slice(from, from + portion).reduce(without, best);
          trials += 1;
          if (await interesting(smaller)) {
            best = smaller;
            changed = true;
          }
        }
      }
    }
  }
  return best;
}
