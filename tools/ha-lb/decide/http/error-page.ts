/** Answers that the proxy makes itself: their texts. */

interface Words {
  readonly title: string;
  readonly text: string;
}

const PAGES: Readonly<Record<number, Words>> = {
  200: { title: "OK", text: "The service is available." },
  400: { title: "Bad Request", text: "The request is not valid HTTP." },
  401: { title: "Unauthorized", text: "A name and a password are needed here." },
  403: { title: "Forbidden", text: "The rules here do not permit this request." },
  404: { title: "Not Found", text: "There is nothing at this address." },
  405: { title: "Method Not Allowed", text: "This resource doesn't know this method." },
  407: { title: "Proxy Authentication Required", text: "This proxy asks for a name and a password." },
  408: { title: "Request Timeout", text: "The request didn't arrive in time." },
  410: { title: "Gone", text: "This resource was removed for good." },
  413: { title: "Content Too Large", text: "The request's body is larger than is accepted here." },
  414: { title: "URI Too Long", text: "The address of the request is longer than is accepted here." },
  421: { title: "Misdirected Request", text: "This connection doesn't serve the host that was asked for." },
  422: { title: "Unprocessable Content", text: "The request was understood, but can't be carried out." },
  425: { title: "Too Early", text: "The request came before the connection was secure." },
  429: { title: "Too Many Requests", text: "This client sent too many requests; try again later." },
  431: { title: "Request Header Fields Too Large", text: "The request's headers are larger than is accepted here." },
  500: { title: "Internal Server Error", text: "The proxy failed to handle this request." },
  501: { title: "Not Implemented", text: "The request needs something that isn't supported here." },
  502: { title: "Bad Gateway", text: "The server's answer was empty, cut off or not valid." },
  503: { title: "Service Unavailable", text: "No server can take this request now." },
  504: { title: "Gateway Timeout", text: "The server didn't answer in time." },
  505: { title: "HTTP Version Not Supported", text: "Only HTTP/1.0 and HTTP/1.1 are spoken here." },
};

/** The reason phrase that goes with a status (RFC 9110, section 15). */
export function reasonPhrase(status: number): string {
  return PAGES[status]?.title ?? OTHER_REASONS[status] ?? "Other";
}

const OTHER_REASONS: Readonly<Record<number, string>> = {
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
};

/** Head (without a Connection field) and body of the built-in page, as a byte string. */
export function errorPage(status: number): string {
  const words = PAGES[status] ?? { title: reasonPhrase(status), text: "" };
  const body = `<html><body><h1>${status} ${words.title}</h1>\n${words.text}\n</body></html>\n`;
  const head = [
    `HTTP/1.1 ${status} ${words.title}`,
    `Content-Length: ${body.length}`,
    "Cache-Control: no-cache",
    "Content-Type: text/html",
  ];
  return `${head.join("\r\n")}\r\n\r\n${body}`;
}
