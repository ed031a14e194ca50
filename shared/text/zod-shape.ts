import type { z } from "zod";

/** How deep wrappers (optional, default, pipe, lazy) are opened before giving up. */
const DEEPEST_WRAPPING = 32;

type AnySchema = z.core.$ZodType;

/** The schemas behind wrappers and unions: what a value at this place may really be. */
export function alternatives(schema: AnySchema, depth = 0): readonly AnySchema[] {
  if (depth > DEEPEST_WRAPPING) return [];
  const def = (schema as z.core.$ZodTypes)._zod.def;
  switch (def.type) {
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "nonoptional":
    case "readonly":
    case "catch":
      return alternatives(def.innerType, depth + 1);
    case "pipe":
      // What a person writes is the input side of a transform.
      return alternatives(def.in, depth + 1);
    case "lazy":
      return alternatives(def.getter(), depth + 1);
    case "union":
      return def.options.flatMap((option) => alternatives(option, depth + 1));
    case "intersection":
      return [...alternatives(def.left, depth + 1), ...alternatives(def.right, depth + 1)];
    default:
      return [schema];
  }
}

/** The schemas that a value at `path` below `schema` is checked by; empty when the path leads nowhere. */
export function schemasAt(schema: AnySchema, path: readonly PropertyKey[]): readonly AnySchema[] {
  let current = alternatives(schema);
  for (const step of path) {
    current = current.flatMap((candidate) => childrenOf(candidate, step));
  }
  return current;
}

function childrenOf(schema: AnySchema, step: PropertyKey): readonly AnySchema[] {
  const def = (schema as z.core.$ZodTypes)._zod.def;
  switch (def.type) {
    case "object": {
      const child = typeof step === "string" && Object.hasOwn(def.shape, step) ? def.shape[step] : undefined;
      return child === undefined ? [] : alternatives(child);
    }
    case "array":
      return alternatives(def.element);
    case "record":
      return alternatives(def.valueType);
    case "tuple": {
      const child = def.items[Number(step)] ?? def.rest ?? undefined;
      return child === undefined ? [] : alternatives(child);
    }
    default:
      return [];
  }
}

/** The keys that an object at `path` may have, over all alternatives of unions. */
export function keysAt(schema: AnySchema, path: readonly PropertyKey[]): readonly string[] {
  const keys = schemasAt(schema, path).flatMap((candidate) => {
    const def = (candidate as z.core.$ZodTypes)._zod.def;
    return def.type === "object" ? Object.keys(def.shape) : [];
  });
  return [...new Set(keys)];
}
