import { connect } from "node:net";

/** Sends one line of commands to a command socket, ends its side, and gives all that comes back; nothing without a connection. */
export function ask(path: string, line: string): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect({ path, allowHalfOpen: true });
    socket.on("connect", () => socket.end(`${line}\n`));
    socket.on("data", (data) => {
      text += data.toString("latin1");
    });
    socket.on("error", () => resolve(""));
    socket.on("end", () => resolve(text));
  });
}
