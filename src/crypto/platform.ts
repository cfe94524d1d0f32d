/**
 * Node's own primitives where there are any: native code in Node, noble's in browsers, the same bytes from both.
 *
 * @module
 */

/** `node:crypto`, or `undefined` in a browser. */
export const nodeCrypto =
  typeof process === "undefined" || typeof process.getBuiltinModule !== "function"
    ? undefined
    : process.getBuiltinModule("node:crypto")
