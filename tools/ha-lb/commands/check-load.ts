import { accessSync, constants, readdirSync, readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { reason, type Reason } from "../../../shared/reason/catalogue.ts";
import type { Result } from "../../../shared/reason/result.ts";
import { makeSource, type Source } from "../../../shared/text/source.ts";
import { parseYaml } from "../../../shared/text/yaml.ts";
import { parseConfiguration, type ConfigurationText } from "../config/parse.ts";
import { parseLbYaml } from "../config/yaml-section.ts";
import type { Configuration } from "../model/configuration.ts";
import { LB_CONFIG_REASONS } from "../model/reasons.ts";
import { resolveTlsFiles } from "./tls-files.ts";

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
}

export interface LoadedConfiguration {
  readonly result: Result<Configuration>;
  readonly files: readonly ConfigurationText[];
  /** For carets. */
  readonly sources: readonly Source[];
}

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
  return { result: withTlsFiles(checkFiles(parsed)), files, sources };
}

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
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      const problem = error instanceof Error ? error.message.replace(/, .*$/, "") : String(error);
      problems.push(reason(LB_CONFIG_REASONS, "LB_FILE_UNREADABLE", { keyword, path, problem }, at));
    }
  }
  return problems.length === 0 ? result : { ok: false, problems: [...problems, ...result.warnings] };
}
