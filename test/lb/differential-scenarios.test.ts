/** Whole visits, compared with HAProxy: time limits, queues, rules, protocols. What is compared stands in `scenario/`. */
import { beforeAll, describe, expect, test } from "bun:test";
import { HAS_HAPROXY } from "./pair.ts";
import { BODIES } from "./scenario/bodies.ts";
import { CHECKS } from "./scenario/checks.ts";
import { COMPRESSION } from "./scenario/compression.ts";
import { CONNECTIONS } from "./scenario/connections.ts";
import { CONVERSIONS } from "./scenario/conversions.ts";
import { HEADS } from "./scenario/heads.ts";
import { LIMITS } from "./scenario/limits.ts";
import { DETAILS } from "./scenario/details.ts";
import { LOGINS } from "./scenario/logins.ts";
import { MESSAGES } from "./scenario/messages.ts";
import { OVERLOAD } from "./scenario/overload.ts";
import { PROTOCOLS } from "./scenario/protocols.ts";
import { RULES } from "./scenario/rules.ts";
import { IN_VAIN } from "./scenario/client.ts";
import { comparableOutcome, type Outcome, runScenarios, type Scenario, statusesOf } from "./scenario/run.ts";
import { SERVERS } from "./scenario/servers.ts";
import { TCP_RESPONSES } from "./scenario/tcp-responses.ts";

const SETS: readonly (readonly [string, readonly Scenario[]])[] = [
  ["time limits and broken connections", LIMITS],
  ["rules", RULES],
  ["expressions and converters", CONVERSIONS],
  ["choice of servers, queues and tables", SERVERS],
  ["health checks", CHECKS],
  ["protocols", PROTOCOLS],
  ["messages", MESSAGES],
  ["compression", COMPRESSION],
  ["heads and logs", HEADS],
  ["overload", OVERLOAD],
  ["rules of the server's bytes", TCP_RESPONSES],
  ["bodies that rules wait for", BODIES],
  ["rules of connections", CONNECTIONS],
  ["passwords and groups", LOGINS],
  ["details", DETAILS],
];

/** A set takes some seconds; a busy machine may need many times as long. */
const SET_LIMIT_MS = 300_000;

for (const [title, scenarios] of SETS) {
  describe.skipIf(!HAS_HAPROXY)(`${title} (needs haproxy)`, () => {
    let peer: readonly Outcome[];
    let ours: readonly Outcome[];
    beforeAll(async () => {
      ({ peer, ours } = await runScenarios(scenarios));
    }, SET_LIMIT_MS);
    for (const [index, scenario] of scenarios.entries()) {
      test(scenario.name, () => {
        const [theirs, own] = [peer[index], ours[index]];
        if (theirs === undefined || own === undefined) throw new Error("it did not run");
        expect([...theirs.answers, ...own.answers].filter((answer) => answer.includes(IN_VAIN))).toEqual([]);
        if (scenario.ours !== undefined) {
          expect(own.answers.flatMap(statusesOf)).toEqual([...scenario.ours.statuses]);
          expect(comparableOutcome(scenario, own)).not.toEqual(comparableOutcome(scenario, theirs));
          return;
        }
        expect(comparableOutcome(scenario, own)).toEqual(comparableOutcome(scenario, theirs));
      });
    }
  });
}
