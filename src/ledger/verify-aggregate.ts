/**
 * Whether everybody whose signature stands in an aggregate made it.
 *
 * @module
 */
import { hex } from "../base/bytes.ts"
import { IntegrityError } from "../base/errors.ts"
import { verifyBytes } from "../crypto/ed25519.ts"
import { type Aggregate, aggregateHash, parseAggregate, signingBytes } from "./aggregate.ts"
import type { Network } from "./network.ts"

/**
 * Parses an aggregate and checks its signature and every cosignature. Says nothing on whether these signers suffice:
 * that is the chain's to decide.
 * @throws {IntegrityError} when one does not verify, or a key signed twice
 */
export function verifyAggregate(network: Network, bytes: Uint8Array): Aggregate {
  const aggregate = parseAggregate(network, bytes)
  if (!verifyBytes(aggregate.signer, signingBytes(network, bytes), aggregate.signature)) {
    throw new IntegrityError("the aggregate's signature does not verify")
  }
  const hash = aggregateHash(network, bytes)
  const seen = new Set([hex(aggregate.signer)])
  for (const { publicKey, signature } of aggregate.cosignatures) {
    if (seen.has(hex(publicKey))) throw new IntegrityError("a key signed the aggregate twice")
    seen.add(hex(publicKey))
    if (!verifyBytes(publicKey, hash, signature)) {
      throw new IntegrityError(`the cosignature of ${hex(publicKey)} does not verify`)
    }
  }
  return aggregate
}
