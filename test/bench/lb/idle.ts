/** Memory: an idle worker, and what an idle connection adds to it. */
import type { Socket } from "bun";
import { familyOf, memoryOf } from "./processes.ts";

const BATCH = 250;
const SETTLE_MS = 1500;
const ANSWER_LIMIT_MS = 20_000;

export interface IdleFigures {
  readonly residentMb: number;
  readonly proportionalMb: number;
  readonly perConnectionKb: number;
  readonly connections: number;
}

/** The processes that carry traffic: all but the master, where there is one. */
function workersOf(pid: number): readonly number[] {
  const family = familyOf(pid);
  return family.length === 1 ? family : family.slice(1);
}

/** Opens connections that each made one request and then keep silent. */
export async function openIdle(port: number, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  let answered = 0;
  for (let opened = 0; opened < count; opened += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - opened) }, () =>
      Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: {
          open: (socket) => void socket.write("GET / HTTP/1.1\r\nHost: idle\r\n\r\n"),
          data: () => void (answered += 1),
        },
      }),
    );
    sockets.push(...(await Promise.all(batch)));
  }
  const deadlineMs = performance.now() + ANSWER_LIMIT_MS;
  while (answered < count && performance.now() < deadlineMs) await Bun.sleep(20);
  if (answered < count) throw new Error(`only ${answered} of ${count} connections got an answer`);
  return sockets;
}

export async function measureIdle(pid: number, port: number, count: number): Promise<IdleFigures> {
  await Bun.sleep(SETTLE_MS);
  const workers = workersOf(pid);
  const before = memoryOf(workers);
  const sockets = await openIdle(port, count);
  await Bun.sleep(SETTLE_MS);
  const after = memoryOf(workers);
  for (const socket of sockets) socket.terminate();
  return {
    residentMb: before.residentMb / workers.length,
    proportionalMb: before.proportionalMb / workers.length,
    perConnectionKb: ((after.proportionalMb - before.proportionalMb) * 1024) / count,
    connections: count,
  };
}
