/** State beyond a stream, as expressions ask for it. */
import { createDecipheriv, createHash, createHmac, createVerify, randomUUID, timingSafeEqual } from "node:crypto";
import { networkInterfaces } from "node:os";
import type { IpAddress } from "../model/ip.ts";
import type { WorldView } from "../model/sample-context.ts";
import { PasswordVerifier } from "./passwords/verifier.ts";
import type { DataPlane } from "./plane.ts";
import type { BackendRuntime } from "./runtime.ts";
import { nowMs } from "./timer-wheel.ts";

/** As two numbers of the curve's size, RFC 7518 section 3.4. */
const CURVE_SIGNATURE_BYTES: ReadonlyMap<string, number> = new Map([
  ["ES256", 64],
  ["ES384", 96],
  ["ES512", 132],
]);
const MALFORMED_TOKEN = -3;

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

function backendCounters(backend: BackendRuntime | undefined): ReturnType<WorldView["backend"]> {
  const servers = backend?.inPlay ?? [];
  const queued = (backend?.queue.length ?? 0) + (backend?.servers.reduce((sum, one) => sum + one.queued, 0) ?? 0);
  // A server without a limit makes the whole unlimited, which expressions know as -1.
  const isLimited = servers.every((one) => one.limit !== Number.POSITIVE_INFINITY);
  const free = isLimited ? servers.reduce((sum, one) => sum + one.limit - one.active, 0) : -1;
  return {
    connections: backend?.active ?? 0,
    freeConnections: free,
    connectionSlots: free,
    usableServers: servers.length,
    queue: queued,
    averageQueue: servers.length === 0 ? queued : Math.ceil(queued / servers.length),
    sessionRate: backend?.counters.rate.perSecond(nowMs()) ?? 0,
  };
}

export function makeWorld(plane: DataPlane): WorldView {
  const { userLists } = plane.configuration;
  const passwords = new PasswordVerifier();
  return {
    hostName: plane.hostName,
    processNumber: 1,
    threadNumber: 1,
    get stopping() {
      return plane.stopping;
    },
    environment: (name) => process.env[name],
    frontend(name) {
      const found = plane.frontends.find((frontend) => frontend.name === name);
      const now = nowMs();
      return {
        connections: found?.active ?? 0,
        sessionRate: found?.counters.rate.perSecond(now) ?? 0,
        requestRate: found?.counters.requestRate.perSecond(now) ?? 0,
      };
    },
    backend: (name) => backendCounters(plane.backends.get(name)),
    server(backendName, name) {
      const server = plane.backends.get(backendName)?.server(name);
      if (server === undefined) return undefined;
      const free = server.limit === Number.POSITIVE_INFINITY ? -1 : server.limit - server.active;
      return {
        connections: server.active,
        freeConnections: free,
        queue: server.queued,
        sessionRate: server.counters.rate.perSecond(nowMs()),
        up: server.health.up && server.health.admin !== "maint",
        weight: server.weight,
        initialWeight: server.settings.weight,
        userWeight: server.wantedWeight,
      };
    },
    isLocal: (address: IpAddress) =>
      Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === address.toString())),
    authenticate(listName, user, password) {
      const found = userLists.get(listName)?.users.get(user);
      if (found === undefined) return undefined;
      return passwords.matches(found, password) ? { groups: found.groups } : undefined;
    },
    uuid: () => randomUUID(),
    digest: (algorithm, data) => attempt(() => createHash(algorithm).update(bytes(data)).digest().toString("latin1")),
    hmac: (algorithm, key, data) =>
      attempt(() => createHmac(algorithm, bytes(key)).update(bytes(data)).digest().toString("latin1")),
    aesGcmDecrypt,
    verifyToken(algorithm, key, signedPart, signature) {
      const hash = `sha${algorithm.slice(2)}`;
      if (algorithm.startsWith("HS")) {
        const own = attempt(() => createHmac(hash, bytes(key)).update(bytes(signedPart)).digest().toString("latin1"));
        return own !== undefined && own.length === signature.length && timingSafeEqual(bytes(own), bytes(signature))
          ? 1
          : 0;
      }
      const length = CURVE_SIGNATURE_BYTES.get(algorithm);
      if (length !== undefined && signature.length !== length) return MALFORMED_TOKEN;
      // A signature over curves is two plain numbers here (RFC 7518, section 3.4).
      const good = attempt(() =>
        createVerify(hash).update(bytes(signedPart)).verify({ key, dsaEncoding: "ieee-p1363" }, bytes(signature)),
      );
      return good === undefined ? -1 : good ? 1 : 0;
    },
  };
}

function aesGcmDecrypt(bits: number, nonce: string, key: string, tag: string, data: string): string | undefined {
  return attempt(() => {
    const name = bits === 128 ? "aes-128-gcm" : bits === 192 ? "aes-192-gcm" : "aes-256-gcm";
    const decipher = createDecipheriv(name, bytes(key), bytes(nonce));
    decipher.setAuthTag(bytes(tag));
    return decipher.update(bytes(data)).toString("latin1") + decipher.final().toString("latin1");
  });
}

function attempt<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
