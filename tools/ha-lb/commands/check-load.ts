import { accessSync, constants, readdirSync, readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { reason, type Reason } from "../../../shared/reason/catalogue.ts";
import type { Result } from "../../../shared/reason/result.ts";
import { makeSource, type Source } from "../../../shared/text/source.ts";
import { parseYaml } from "../../../shared/text/yaml.ts";
import { parseConfiguration, type ConfigurationText } from "../config/parse.ts";
import { parseLbYaml } from "../config/yaml-section.ts";
import { bundleFiles } from "../drive/tls.ts";
import type { Configuration } from "../model/configuration.ts";
import { LB_CONFIG_REASONS } from "../model/reasons.ts";
import { resolveTlsFiles } from "./tls-files.ts";
import { readOrTell } from "./unreadable-files.ts";

/** Files that one `-f FOLDER` may name. */
const FILES_PER_FOLDER_MAX = 1000;

export interface LoadRequest {
  /** `-f`, in order: files, or folders whose `*.cfg` are read in the order of their names. */
  readonly paths: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `-L`. */
  readonly localPeer?: string;
  readonly masterWorker?: boolean;
  readonly diagnostics?: boolean;
  /** `-n`, `-N`: most connections of the process, and of each frontend that doesn't say its own. */
  readonly maxConnections?: number;
  readonly proxyMaxConnections?: number;
  /** `-dW`: a warning is as bad as an error. */
  readonly zeroWarning?: boolean;
}

export interface LoadedConfiguration {
  readonly result: Result<Configuration>;
  readonly files: readonly ConfigurationText[];
  /** For carets. */
  readonly sources: readonly Source[];
}

/** `-f -` */
const STANDARD_INPUT = "-";
const ARGV = { file: "argv", line: 1, column: 1 };

function unreadable(path: string, error: unknown): Reason {
  const problem = error instanceof Error ? error.message.replace(/^\w+: /, "").replace(/, .*$/, "") : String(error);
  return reason(LB_CONFIG_REASONS, "LB_FILE_UNREADABLE", { keyword: "-f", path, problem }, ARGV);
}

/** Reads the named files; names and texts in the order in which they count. */
export function readConfigurationFiles(paths: readonly string[]): {
  readonly files: readonly ConfigurationText[];
  readonly problems: readonly Reason[];
} {
  const files: ConfigurationText[] = [];
  const problems: Reason[] = [];
  for (const path of paths) {
    try {
      if (path === STANDARD_INPUT) {
        files.push({ file: path, text: readFileSync("/dev/stdin", "latin1") });
        continue;
      }
      const names = statSync(path).isDirectory()
        ? readdirSync(path)
            .filter((name) => name.endsWith(".cfg") && !name.startsWith("."))
            .toSorted()
            .slice(0, FILES_PER_FOLDER_MAX)
            .map((name) => join(path, name))
        : [path];
      // Byte strings: what isn't UTF-8 stays as it is.
      for (const file of names) files.push({ file, text: readFileSync(file, "latin1") });
    } catch (error) {
      problems.push(unreadable(path, error));
    }
  }
  return { files, problems };
}

/** The environment that configurations see: the process's, and what the reference adds. */
export function configurationEnvironment(
  request: LoadRequest,
  files: readonly ConfigurationText[],
): ReadonlyMap<string, string> {
  const environment = new Map<string, string>();
  for (const [name, value] of Object.entries(request.environment))
    if (value !== undefined) environment.set(name, value);
  environment.set("HAPROXY_LOCALPEER", request.localPeer ?? hostname());
  environment.set("HAPROXY_CFGFILES", files.map(({ file }) => file).join(";"));
  if (request.masterWorker === true) environment.set("HAPROXY_MWORKER", "1");
  return environment;
}

/** Reads and checks a whole configuration, with the files that it names. Never throws for what an operator may get wrong. */
export function loadConfiguration(request: LoadRequest): LoadedConfiguration {
  const { files, problems } = readConfigurationFiles(request.paths);
  const sources = files.map(({ file, text }) => makeSource(file, text));
  if (problems.length > 0) return { result: { ok: false, problems }, files, sources };
  const environment = configurationEnvironment(request, files);
  const [only] = files;
  const isYaml = only !== undefined && files.length === 1 && /\.ya?ml$/.test(only.file);
  const parsed = isYaml
    ? parseYamlFile(only, environment)
    : parseConfiguration(files, { environment, diagnostics: request.diagnostics ?? false });
  const checked = withTlsFiles(checkFiles(parsed));
  return { result: checked.ok ? underFlags(checked, request) : checked, files, sources };
}

/** What the command line says beside the configuration. */
function underFlags(
  result: Result<Configuration> & { readonly ok: true },
  request: LoadRequest,
): Result<Configuration> {
  const { maxConnections, proxyMaxConnections, zeroWarning } = request;
  const { global, proxies } = result.value;
  if ((zeroWarning === true || global.zeroWarning) && result.warnings.some(({ code }) => !TALK.has(code)))
    return { ok: false, problems: result.warnings };
  if (maxConnections === undefined && proxyMaxConnections === undefined) return result;
  const limits = maxConnections === undefined ? {} : { maxConnections };
  return {
    ...result,
    value: {
      ...result.value,
      global: { ...global, ...limits },
      proxies: proxies.map((proxy) =>
        proxyMaxConnections === undefined || proxy.maxConnections !== undefined || !proxy.isFrontend
          ? proxy
          : { ...proxy, maxConnections: proxyMaxConnections },
      ),
    },
  };
}

/** What the configuration itself wants to say is no warning of ours. */
const TALK: ReadonlySet<string> = new Set(["LB_CUSTOM_NOTICE"]);

function withTlsFiles(result: Result<Configuration>): Result<Configuration> {
  if (!result.ok) return result;
  const resolved = resolveTlsFiles(result.value);
  return resolved.ok
    ? { ...result, value: resolved.value }
    : { ok: false, problems: [...resolved.problems, ...result.warnings] };
}

function parseYamlFile(file: ConfigurationText, environment: ReadonlyMap<string, string>): Result<Configuration> {
  const text = parseYaml(makeSource(file.file, file.text));
  return text.ok ? parseLbYaml(text.value, environment) : text;
}

/** Every file that loading will need must be readable now. */
function checkFiles(result: Result<Configuration>): Result<Configuration> {
  if (!result.ok) return result;
  const problems: Reason[] = [];
  for (const { path, keyword, at } of result.value.files) {
    // The files of a bundle are read with the others of their listener.
    if (keyword === "crt" && bundleFiles(path).length > 0) continue;
    readOrTell(at, problems, keyword, path, () => accessSync(path, constants.R_OK));
  }
  return problems.length === 0 ? result : { ok: false, problems: [...problems, ...result.warnings] };
}
