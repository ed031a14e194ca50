/** Checks that send one datagram: any UDP service, and name servers. */
import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { CheckTarget } from "../model/configuration.ts";
import { type CheckResult, failed, PASSED } from "./check-runner.ts";

/** Without a wished-for answer only a refusal (ICMP) counts, which comes at once or never. */
const REFUSAL_WAIT_MS = 50;
const DNS_HEADER_BYTES = 12;
const RECORD_A = 1;
const CLASS_INTERNET = 1;

interface Exchange {
  readonly host: string;
  readonly port: number;
  readonly send: Uint8Array;
  readonly waitMs: number;
  /** What silence means. */
  readonly silence: CheckResult;
  readonly judge: (answer: Uint8Array) => CheckResult;
}

async function exchange({ host, judge, port, send, silence, waitMs }: Exchange): Promise<CheckResult> {
  return await new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    const finish = (result: CheckResult): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on("error", () => undefined);
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => finish(silence), waitMs);
    socket.once("error", (error: NodeJS.ErrnoException) => finish(failed(error.code ?? error.message)));
    socket.once("message", (answer) => finish(judge(answer)));
    // Connected, so that the kernel tells of a refusal.
    socket.connect(port, host, () => socket.send(send));
  });
}

export async function checkUdp(target: CheckTarget & { kind: "udp" }, timeoutMs: number): Promise<CheckResult> {
  const { host, match, port } = target;
  return await exchange({
    host,
    port,
    send: new TextEncoder().encode(target.send),
    waitMs: match === undefined ? Math.min(timeoutMs, REFUSAL_WAIT_MS) : timeoutMs,
    silence: match === undefined ? PASSED : failed(`no answer in ${timeoutMs} ms`),
    judge: (answer) =>
      match === undefined || new TextDecoder().decode(answer).includes(match)
        ? PASSED
        : failed(`the answer lacks ${JSON.stringify(match)}`),
  });
}

/** A question for the IPv4 address of a name (RFC 1035, section 4.1). */
export function encodeQuestion(name: string, id: number): Uint8Array {
  const labels = name.split(".").filter((label) => label !== "");
  const bytes: number[] = [id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  for (const label of labels) {
    const text = new TextEncoder().encode(label).subarray(0, 63);
    bytes.push(text.length, ...text);
  }
  return new Uint8Array([...bytes, 0, 0, RECORD_A, 0, CLASS_INTERNET]);
}

export async function checkDns(target: CheckTarget & { kind: "dns" }, timeoutMs: number): Promise<CheckResult> {
  const id = Math.floor(performance.now() * 1000) & 0xffff;
  return await exchange({
    host: target.host,
    port: target.port,
    send: encodeQuestion(target.name, id),
    waitMs: timeoutMs,
    silence: failed(`no answer in ${timeoutMs} ms`),
    judge: (answer) => {
      if (answer.length < DNS_HEADER_BYTES || (((answer[0] ?? 0) << 8) | (answer[1] ?? 0)) !== id) {
        return failed("the answer is not to our question");
      }
      const code = (answer[3] ?? 0) & 15;
      if (code !== 0) return failed(`the name server answers with code ${code}`);
      return ((answer[6] ?? 0) << 8) | (answer[7] ?? 0) ? PASSED : failed(`no address for ${target.name}`);
    },
  });
}
