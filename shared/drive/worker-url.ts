import { pathToFileURL } from "node:url";
import { join } from "node:path";

/** Where the files of a compiled binary lie; the bundle's own `import.meta.url` is there too, whatever the source was. */
const EMBEDDED = "file:///$bunfs/root/";
const ROOT = join(import.meta.dir, "..", "..");

/**
 * What to start a Worker from, given its entry point's path from the repository's root
 * (`tools/ha-vip/commands/run/deadline-worker.ts`). In a compiled binary `new URL("./x.ts", import.meta.url)`
 * points nowhere, because all modules of the bundle share one address; the Workers that were listed as entry
 * points when it was built (`toolWorkers` in shared/build) lie below the embedded root by that path.
 */
export function workerUrl(pathFromRoot: string): URL {
  if (import.meta.url.startsWith(EMBEDDED)) return new URL(pathFromRoot, EMBEDDED);
  return pathToFileURL(join(ROOT, pathFromRoot));
}
