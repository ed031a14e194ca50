const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Base64 of a byte string (RFC 4648); the URL alphabet has no padding. */
export function base64Encode(bytes: string, urlSafe: boolean): string {
  const alphabet = urlSafe ? URL_SAFE : STANDARD;
  let text = "";
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index;
    const word =
      (bytes.charCodeAt(index) << 16) |
      ((left > 1 ? bytes.charCodeAt(index + 1) : 0) << 8) |
      (left > 2 ? bytes.charCodeAt(index + 2) : 0);
    text += alphabet.charAt(word >> 18) + alphabet.charAt((word >> 12) & 63);
    if (left > 1) text += alphabet.charAt((word >> 6) & 63);
    else if (!urlSafe) text += "=";
    if (left > 2) text += alphabet.charAt(word & 63);
    else if (!urlSafe) text += "=";
  }
  return text;
}

/** The bytes, or undefined when the text isn't base64. */
export function base64Decode(text: string, urlSafe: boolean): string | undefined {
  const alphabet = urlSafe ? URL_SAFE : STANDARD;
  const body = text.replace(/=+$/, "");
  if (!urlSafe && text.length % 4 !== 0) return undefined;
  let bytes = "";
  let word = 0;
  let bits = 0;
  for (let index = 0; index < body.length; index += 1) {
    const digit = alphabet.indexOf(body.charAt(index));
    if (digit < 0) return undefined;
    word = ((word << 6) | digit) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += String.fromCharCode((word >> bits) & 255);
    }
  }
  return body.length % 4 === 1 ? undefined : bytes;
}
