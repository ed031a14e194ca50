/** Replaced by the compiler when a binary is built; absent when the source runs directly. */
declare const FIVENINES_VERSION: string | undefined;

/** The version that `version`, status and logs show. */
export const VERSION: string = typeof FIVENINES_VERSION === "string" ? FIVENINES_VERSION : "0.1.0-source";
