/** Signed TCP connections: only equal keys connect. */
import { describe, expect, test } from "bun:test";
import { close } from "../../shared/drive/ffi/fd.ts";
import { POLL, pollOne } from "../../shared/drive/ffi/poll.ts";
import { bindSocket, connect, listen, socket, SOCKET_TYPE, socketName } from "../../shared/drive/ffi/socket.ts";
import { FAMILY, SocketAddressMemory } from "../../shared/drive/ffi/socket-address.ts";
import { RouteClient } from "../../shared/drive/net/route-client.ts";
import { setTcpMd5 } from "../../shared/drive/net/tcp-md5.ts";
import { named } from "../../shared/lab/requirements.ts";
import { good, insideNamespace, ip } from "./namespace.ts";

const key = (text: string) => new TextEncoder().encode(text);
const stream = (family: 4 | 6) =>
  socket(family === 4 ? FAMILY.INET : FAMILY.INET6, SOCKET_TYPE.STREAM, 0, { nonBlocking: true });
/** A connection that isn't there after this won't come: the first retry of a lost SYN takes a second. */
const REFUSED_AFTER_NS = 200e6;

function tryKernel(): string | undefined {
  const probe = stream(4);
  const answer = setTcpMd5(probe, ip("127.0.0.1").bytes, key("x"));
  close(probe);
  return answer === 0 ? undefined : "needs a kernel with TCP MD5 signatures";
}

insideNamespace("TCP MD5 signatures in a namespace", import.meta.path, () => {
  const client = RouteClient.open();
  good(client.changeLink(good(client.link("lo")).index, { up: true }));
  client.close();

  test("a key that is too long is a mistake", () => {
    const probe = stream(4);
    expect(() => setTcpMd5(probe, ip("127.0.0.1").bytes, new Uint8Array(81))).toThrow("80 bytes");
    close(probe);
  });

  const lacking = tryKernel();
  describe.skipIf(lacking !== undefined).each([
    [4, "127.0.0.1"],
    [6, "::1"],
  ] as const)(named("over IPv%p", lacking), (family, address) => {
    test.each([
      ["secret", "secret", POLL.IN],
      ["secret", "guess", 0],
      ["secret", "", 0],
    ])("server %p, client %p", (server, guess, expected) => {
      const { bytes } = ip(address);
      const [listener, caller] = [stream(family), stream(family)];
      if (family === 4) bindSocket(listener, { family: "inet", address: bytes, port: 0 });
      else bindSocket(listener, { family: "inet6", address: bytes, port: 0, scope: 0 });
      expect(setTcpMd5(listener, bytes, key(server))).toBe(0);
      listen(listener, 4);
      if (guess !== "") expect(setTcpMd5(caller, bytes, key(guess))).toBe(0);
      const name = socketName(listener);
      if (name === undefined) throw new Error("no name");
      connect(caller, new SocketAddressMemory(name));
      expect(pollOne(listener, POLL.IN, expected === 0 ? REFUSED_AFTER_NS : 10e9)).toBe(expected);
      close(listener);
      close(caller);
    });
  });
});
