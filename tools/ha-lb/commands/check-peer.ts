import { describe, type Reason } from "../../../shared/reason/catalogue.ts";
import { splitLine } from "../config/words.ts";
import { LB_CONFIG_REASONS } from "../model/reasons.ts";
import { FEATURES, LANGUAGE_VERSION } from "../config/parse.ts";
import { peerLine } from "../config/peer-text.ts";
import { evaluateCondition } from "../config/preprocessor-condition.ts";
import { loadConfiguration, type LoadRequest } from "./check-load.ts";

export interface PeerOutput {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly processId: number;
  /** `-q` */
  readonly quiet: boolean;
}

/** Also what is less than a warning: under `-dW` there is no error among them. */
function isWarning(fact: Reason): boolean {
  const { severity } = describe(LB_CONFIG_REASONS, fact);
  return severity !== "error" && severity !== "critical";
}

/** `-c -f …`: all errors in the reference's form. 0 good, 1 errors, 2 good but nothing would listen. */
export function checkLikePeer(request: LoadRequest, output: PeerOutput): 0 | 1 | 2 {
  const { result, files } = loadConfiguration(request);
  const facts = result.ok ? result.warnings : result.problems;
  const [unreadable] = result.ok ? [] : result.problems.filter(({ at }) => at?.file === "argv");
  if (unreadable !== undefined) {
    const { path, problem } = unreadable.data;
    const words = `${String(problem).slice(0, 1).toUpperCase()}${String(problem).slice(1)}`;
    if (!output.quiet)
      output.stderr(
        `[ALERT]    (${output.processId}) : config : Cannot open configuration file/directory ${String(path)} : ${words}\n`,
      );
    return 1;
  }
  for (const fact of facts) if (!output.quiet) output.stderr(`${peerLine(fact, output.processId)}\n`);
  const alert = (text: string) => {
    if (!output.quiet) output.stderr(`[ALERT]    (${output.processId}) : config : ${text}\n`);
  };
  if (!result.ok && facts.every(isWarning)) {
    alert("Some warnings were found and 'zero-warning' is set. Aborting.");
    return 1;
  }
  if (!result.ok) {
    const named = new Set(facts.flatMap((fact) => (fact.at === undefined ? [] : [fact.at.file])));
    for (const { file } of files) if (named.has(file)) alert(`Error(s) found in configuration file : ${file}`);
    alert("Fatal errors found in configuration.");
    return 1;
  }
  const { proxies, global, peers } = result.value;
  const listens =
    proxies.some((proxy) => proxy.binds.length > 0 && !proxy.disabled) ||
    global.statsSockets.length > 0 ||
    peers.size > 0;
  if (listens && result.warnings.length > 0 && !output.quiet) output.stdout("Warnings were found.\n");
  if (!output.quiet)
    output.stdout(
      listens
        ? "Configuration file is valid\n"
        : "Configuration file has no error but will not start (no listener) => exit(2).\n",
    );
  return listens ? 0 : 2;
}

/** `-cc CONDITION`: 0 true, 1 false, 2 not a condition. */
export function conditionLikePeer(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  output: PeerOutput,
): 0 | 1 | 2 {
  const lookup = (name: string): string | undefined => environment[name];
  const split = splitLine(text, { file: "-cc", line: 1 }, lookup);
  const [problem] = split.problems;
  if (problem !== undefined) {
    if (!output.quiet) output.stderr(`${peerLine(problem, output.processId)}\n`);
    return 2;
  }
  const result = evaluateCondition(split.words.map((word) => word.text).join(" "), {
    version: LANGUAGE_VERSION,
    features: FEATURES,
    environment: lookup,
  });
  if (result.ok) return result.value ? 0 : 1;
  if (!output.quiet)
    output.stderr(`[ALERT]    (${output.processId}) : config : Failed to evaluate condition: ${result.problem}\n`);
  return 2;
}
