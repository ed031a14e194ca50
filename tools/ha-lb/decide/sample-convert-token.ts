import { base64Decode } from "./sample-base64.ts";
import { toText } from "./sample-cast.ts";
import { queryJson } from "./sample-json.ts";
import { textArgument, type ConverterMaker, type ConverterTable } from "./sample-types.ts";
import { variableNamed } from "./sample-variable.ts";

/** JSON web tokens (RFC 7519) have three parts. */
function part(index: 0 | 1): ConverterMaker {
  return (values) => {
    const path = textArgument(values, 0);
    return (value) => {
      const found = toText(value).split(".")[index];
      const text = found === undefined ? undefined : base64Decode(found, true);
      if (text === undefined) return undefined;
      return path === "" ? text : queryJson(text, path);
    };
  };
}

/** A constant, or a variable's text. */
function argument(text: string): (context: Parameters<ReturnType<ConverterMaker>>[1]) => string | undefined {
  if (!/^(proc|sess|txn|req|res|check)\./.test(text)) return () => text;
  const { scope, name } = variableNamed(text);
  return ({ variables }) => {
    const value = variables.get(scope, name);
    return value === undefined ? undefined : toText(value);
  };
}

const UNKNOWN_ALGORITHM = -1;
const UNMANAGED_ALGORITHM = -2;
const INVALID_TOKEN = -3;

const verify: ConverterMaker = (values, { patterns }) => {
  const algorithm = argument(textArgument(values, 0));
  const key = argument(textArgument(values, 1));
  // Public keys are in files, read once; the keys of HMAC stand there themselves.
  const publicKey = patterns.text(textArgument(values, 1));
  return (value, context) => {
    const [name, secret] = [algorithm(context), key(context)];
    if (name === undefined || secret === undefined) return UNKNOWN_ALGORITHM;
    if (/^PS\d{3}$/.test(name)) return UNMANAGED_ALGORITHM;
    if (!/^(?:none|(?:HS|RS|ES)(?:256|384|512))$/.test(name)) return UNKNOWN_ALGORITHM;
    const parts = toText(value).split(".");
    const signature = parts.length === 3 ? base64Decode(parts[2] ?? "", true) : undefined;
    if (signature === undefined) return INVALID_TOKEN;
    const used = name.startsWith("HS") ? secret : (publicKey ?? secret);
    return context.world.verifyToken(name, used, `${parts[0]}.${parts[1]}`, signature);
  };
};

export const TOKEN_CONVERTERS: ConverterTable = {
  json_query: (values) => {
    const path = textArgument(values, 0);
    return (value) => {
      const found = queryJson(toText(value), path);
      return found;
    };
  },
  jwt_header_query: part(0),
  jwt_payload_query: part(1),
  jwt_verify: verify,
};
