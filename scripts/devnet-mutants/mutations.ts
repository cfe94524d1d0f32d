/**
 * What the devnet's checks are, each with the change that takes it away.
 *
 * Every `demand(condition, "Rule")` of the source is found in it, so that a new one can't be forgotten; checks that are
 * no such call stand in {@link OTHERS}.
 *
 * @module
 */

/** One check less. */
export interface Mutation {
  /** Such as `Core_Past_Deadline` or `quorum`. */
  readonly name: string
  /** Below `src/devnet`. */
  readonly file: string
  /** Stands in the file exactly once, or at `at`. */
  readonly find: string
  readonly replace: string
  /** Offset of `find`, where it may stand more than once. */
  readonly at?: number
  /** Test files below `test/devnet` that must notice. */
  readonly tests: readonly string[]
}

/** Tests of the rules in a source file. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  "account.ts": ["rules-transfer", "rules-mosaic"],
  "execute.ts": ["rules-header", "rules-aggregate"],
  "failure.ts": ["rules-header", "rules-aggregate"],
  "plugins/metadata.ts": ["rules-metadata"],
  "plugins/mosaic.ts": ["rules-mosaic"],
  "plugins/multisig.ts": ["rules-multisig"],
  "plugins/transfer.ts": ["rules-transfer", "rules-header"],
}

/** Source files that hold rules. */
export const RULE_FILES = Object.keys(TESTS)

/** One mutation for each `demand(…)` of a source file, whose condition becomes true. */
export function demandsOf(file: string, source: string): Mutation[] {
  const tests = TESTS[file]
  if (!tests) throw new Error(`no tests are named for ${file}`)
  return [...source.matchAll(/^ +(?:for \(.*\) )?(demand\()/gm)].map((match) => {
    const at = match.index + match[0].length - "demand(".length
    const [condition, rule] = argumentsAt(source, at + "demand(".length)
    const find = `demand(${condition}`
    const line = source.slice(0, at).split("\n").length
    const name = /^"\w+"$/.test(rule.trim()) ? rule.trim().slice(1, -1) : `${file}:${line}`
    return { name, file, find, at, replace: `demand(((_) => true)(${condition})`, tests }
  })
}

/** The two arguments of a call that begin at an offset, as they stand; the second holds no comma. */
function argumentsAt(source: string, from: number): [condition: string, rule: string] {
  let depth = 0
  for (let at = from; at < source.length; at++) {
    const letter = source[at] as string
    if (letter === ")" && depth === 0) {
      const both = source.slice(from, at).replace(/,\s*$/, "")
      const comma = both.lastIndexOf(",")
      return [both.slice(0, comma), both.slice(comma + 1)]
    }
    if ("([{".includes(letter)) depth += 1
    if (")]}".includes(letter)) depth -= 1
  }
  throw new Error("a call that does not end")
}

const AGGREGATE = ["rules-aggregate"]
const HEADER = ["rules-header"]

/** Checks that are no demand, and rules that a demand rests on. */
export const OTHERS: readonly Mutation[] = [
  {
    name: "a signature for another network",
    file: "execute.ts",
    find: "demand(verifyBytes(signer, signedBytes, signature), code)",
    replace:
      "demand(verifyBytes(signer, signedBytes, signature) || verifyBytes(signer, Buffer.concat([Buffer.alloc(32, 1), signedBytes.subarray(32)]), signature), code)",
    tests: HEADER,
  },
  {
    name: "cosignature",
    file: "execute.ts",
    find: "for (const one of body.cosignatures) demand(verifyBytes(one.signer, hash, one.signature), code)",
    replace: "void hash",
    tests: AGGREGATE,
  },
  {
    name: "quorum: one approval is enough",
    file: "plugins/multisig.ts",
    find: "return given.length >= threshold(entry, operation)",
    replace: "return given.length >= 1",
    tests: AGGREGATE,
  },
  {
    name: "quorum: a removal needs the removal minimum",
    file: "plugins/multisig.ts",
    find: 'if (operation === "removal") return minRemoval',
    replace: 'if (operation === "removal") return minApproval',
    tests: AGGREGATE,
  },
  {
    name: "quorum: addition with removal needs both minimums",
    file: "plugins/multisig.ts",
    find: 'operation === "both" ? Math.max(minApproval, minRemoval) : minApproval',
    replace: 'operation === "both" ? Math.min(minApproval, minRemoval) : minApproval',
    tests: AGGREGATE,
  },
  {
    name: "opt-in of an added cosignatory",
    file: "execute.ts",
    find: 'if (body.kind === "multisig") return body.additions.map(hexOf)',
    replace: 'if (body.kind === "multisig") return []',
    tests: [...AGGREGATE, "rules-multisig"],
  },
  {
    name: "approval of the target of metadata",
    file: "execute.ts",
    find: 'return body.kind === "accountMetadata" ? [hexOf(body.target)] : []',
    replace: "return []",
    tests: [...AGGREGATE, "rules-metadata"],
  },
  {
    name: "eligibility is judged before the aggregate",
    file: "execute.ts",
    find: "for (const address of alsoRequired(embedded)) leavesOf(state, address, eligible)",
    replace: "for (const one of [...alsoRequired(embedded), ...signed]) eligible.add(one)",
    tests: AGGREGATE,
  },
  {
    name: "a refused transaction leaves nothing",
    file: "execute.ts",
    find: "    state.undoTo(mark)\n    throw error",
    replace: "    throw error",
    tests: AGGREGATE,
  },
  {
    name: "the fee is taken from the signer",
    file: "execute.ts",
    find: "debit(state, signer, context.currency, fee)",
    replace: "void fee",
    tests: [...HEADER, "rules-transfer"],
  },
  {
    name: "the least fee",
    file: "chain.ts",
    find: "if (maxFee < BigInt(size) * BigInt(FEES.minFeeMultiplier)) return undefined",
    replace: "",
    tests: HEADER,
  },
  {
    name: "a transaction that waits is known",
    file: "chain.ts",
    find: "this.#pool.has(hexOf(hash)) || ",
    replace: "",
    tests: HEADER,
  },
  {
    name: "a transaction in a block is known",
    file: "chain.ts",
    find: " || this.store.hasTransaction(hash)",
    replace: "",
    tests: HEADER,
  },
  {
    name: "rules hold again at the block's height and time",
    file: "chain.ts",
    find: "const receipts = execute(this.#execution(height, timestamp), transaction, fee)",
    replace:
      "const receipts = execute(this.#execution(height, transaction.deadline), transaction, fee)",
    tests: ["chain", ...HEADER],
  },
  {
    name: "a final block can't be undone",
    file: "chain.ts",
    find: 'if (this.height - count < this.#finalHeight) throw new Error("a final block can\'t be undone")',
    replace: "",
    tests: ["chain"],
  },
  {
    name: "an address has its checksum",
    file: "account.ts",
    find: "    parseAddress(formatAddress(address))\n",
    replace: "",
    tests: ["rules-transfer"],
  },
  {
    name: "the recipient of a transfer is an address",
    file: "plugins/transfer.ts",
    find: "  requireAddress(recipient)\n",
    replace: "",
    tests: ["rules-transfer"],
  },
  {
    name: "the target of metadata is an address",
    file: "plugins/metadata.ts",
    find: "  requireAddress(target)\n",
    replace: "",
    tests: ["rules-metadata"],
  },
  {
    name: "cosignatories are addresses",
    file: "plugins/multisig.ts",
    find: "for (const address of [...additions, ...deletions]) requireAddress(address)",
    replace: "",
    tests: ["rules-multisig"],
  },
  {
    name: "reserved bytes of a header are zero",
    file: "execute.ts",
    find: "  requireZeros(reserved)\n  demand(network",
    replace: "  demand(network",
    tests: HEADER,
  },
  {
    name: "reserved bytes of an aggregate are zero",
    file: "execute.ts",
    find: "  requireZeros(reserved)\n  demand(transactions",
    replace: "  demand(transactions",
    tests: HEADER,
  },
  {
    name: "reserved bytes of a transfer are zero",
    file: "plugins/transfer.ts",
    find: "  requireZeros(reserved)\n",
    replace: "",
    tests: HEADER,
  },
  {
    name: "reserved bytes of a multisig modification are zero",
    file: "plugins/multisig.ts",
    find: "  requireZeros(reserved)\n",
    replace: "",
    tests: [...HEADER, "rules-multisig"],
  },
  {
    name: "the size field is the size",
    file: "transaction.ts",
    find: " || bytes.readUInt32LE(0) !== bytes.length",
    replace: "",
    tests: HEADER,
  },
  {
    name: "types for aggregates stand in aggregates only",
    file: "transaction.ts",
    find: "if (EMBEDDED_ONLY.includes(type)) throw",
    replace: "if (EMBEDDED_ONLY.includes(type) && bytes.length === 0) throw",
    tests: HEADER,
  },
  {
    name: "a supply change moves the supply",
    file: "plugins/mosaic.ts",
    find: "    const supply = mosaic.supply + body.delta",
    replace: "    const supply = mosaic.supply",
    tests: ["rules-mosaic"],
  },
]
