/** What a process tells of itself and its surroundings. */
import { readdirSync, readlinkSync } from "node:fs";
import { toText } from "../../decide/sample-cast.ts";
import { IpAddress } from "../../model/ip.ts";
import type { SampleValue } from "../../model/value.ts";
import type { DataPlane } from "../plane.ts";
import type { CliCommand } from "./command.ts";

/** `show env [NAME]`: the environment that expressions see. */
function showEnvironment(_plane: DataPlane, rest: readonly string[]): string {
  const [name] = rest;
  const line = (one: string): string => `${one}=${process.env[one] ?? ""}\n`;
  if (name === undefined) return Object.keys(process.env).map(line).join("");
  return process.env[name] === undefined ? "Variable not found\n" : line(name);
}

/** `show fd [NUMBER]`: what the process has open. */
function showDescriptors(_plane: DataPlane, rest: readonly string[]): string {
  return readdirSync("/proc/self/fd")
    .filter((fd) => rest[0] === undefined || rest[0] === fd)
    .map((fd) => {
      try {
        return `${fd.padStart(7)} : ${readlinkSync(`/proc/self/fd/${fd}`)}\n`;
      } catch {
        // The one that listed them is closed by now.
        return "";
      }
    })
    .join("");
}

/** `get var NAME`: a variable of the process, with its type. */
function getVariable(plane: DataPlane, [name]: readonly string[]): string {
  if (name === undefined) return "Missing process-wide variable identifier.\n";
  const value = plane.processVariables.get(name);
  if (value === undefined) return "Variable not found.\n";
  return `${name}: type=${typeName(value)} value=<${toText(value)}>`;
}

function typeName(value: SampleValue): string {
  if (value instanceof IpAddress) return `ipv${value.family}`;
  return typeof value === "number" ? "sint" : typeof value === "boolean" ? "bool" : "str";
}

/** There are no pools here: memory is the runtime's. */
function showMemory(): string {
  const { external, heapTotal, heapUsed, rss } = process.memoryUsage();
  const line = (name: string, bytes: number): string => `  - ${name} : ${bytes} bytes\n`;
  return `Memory of the process:\n${line("resident", rss)}${line("heap", heapTotal)}${line("heap in use", heapUsed)}${line("buffers outside of it", external)}Total: ${rss} bytes\n`;
}

function showThreads(plane: DataPlane): string {
  const { system, user } = process.cpuUsage();
  return `* Thread 1 : id=${process.pid} act=${plane.activeConnections > 0 ? 1 : 0}\n             cpu_us: user=${user} system=${system}\n`;
}

function showActivity(plane: DataPlane): string {
  const { system, user } = process.cpuUsage();
  const numbers = [
    ["thread_id", 1],
    ["date_now", (Date.now() / 1000).toFixed(6)],
    ["cpu_user_us", user],
    ["cpu_system_us", system],
    ["conns", plane.activeConnections],
    ["cum_conns", plane.totalConnections],
    ["cum_reqs", plane.totalRequests],
  ] as const;
  return numbers.map(([name, value]) => `${name}: ${value}\n`).join("");
}

const SINKS = `Supported events sinks are listed below. Add -w(wait), -n(new). Any key to stop
    stdout     : type=fd, 0 dropped, standard output (fd#1)
    stderr     : type=fd, 0 dropped, standard output (fd#2)
`;

const SCHEMA = {
  $schema: "http://json-schema.org/draft-04/schema#",
  oneOf: [
    { title: "Info", type: "object", description: "show info json" },
    {
      title: "Stat",
      type: "array",
      description: "show stat json: one array of fields for each proxy, listener and server",
      items: {
        type: "array",
        items: {
          type: "object",
          properties: {
            objType: { type: "string", enum: ["Frontend", "Backend", "Listener", "Server"] },
            proxyId: { type: "integer" },
            id: { type: "integer" },
            field: { type: "object", properties: { pos: { type: "integer" }, name: { type: "string" } } },
            processNum: { type: "integer" },
            tags: { type: "object" },
            value: { type: "object", properties: { type: { type: "string" }, value: {} } },
          },
        },
      },
    },
  ],
};

export const PROCESS_COMMANDS: readonly CliCommand[] = [
  { words: "get var", usage: "get var <name>", level: "user", run: getVariable },
  { words: "show env", usage: "show env [name]", level: "operator", run: showEnvironment },
  { words: "show fd", usage: "show fd [num]", level: "operator", run: showDescriptors },
  { words: "show pools", usage: "show pools", level: "user", run: showMemory },
  { words: "show threads", usage: "show threads", level: "operator", run: showThreads },
  { words: "show activity", usage: "show activity", level: "operator", run: showActivity },
  { words: "show events", usage: "show events", level: "operator", run: () => SINKS },
  {
    words: "show trace",
    usage: "show trace",
    level: "operator",
    run: () => "Supported trace sources and states (.=stopped, w=waiting, R=running) :\n",
  },
  { words: "show schema json", usage: "show schema json", level: "user", run: () => `${JSON.stringify(SCHEMA)}\n` },
];
