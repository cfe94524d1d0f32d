/**
 * Queries: which instances the vault holds already, so that the same folder again adds nothing (docs/FORMAT.md §10).
 *
 * @module
 */
import { z } from "zod"
import { decodeDagCbor } from "../base/dag-cbor.ts"
import { InvalidInputError } from "../base/errors.ts"
import type { RandomBytes } from "../base/random.ts"
import type { Signer } from "../vault/card.ts"
import type { VaultId } from "../vault/context.ts"
import type { HpkeHolder } from "../vault/phone-message.ts"
import { encodeShape, parseShape } from "../vault/shape.ts"
import { type InstanceName, instanceShape, readInstance, writeInstance } from "./instance-name.ts"
import {
  openAnswer,
  openWriterMessage,
  type Sealed,
  sealAnswer,
  sealWriterMessage,
  type VaultEpoch,
  verifyWriterMessage,
  type WriterMessage,
} from "./writer-message.ts"

/** What the agent says of an instance: not there, there, or there with another data set. */
export type Existence = "new" | "exists" | "other-version"

const EXISTENCES = ["new", "exists", "other-version"] as const satisfies readonly Existence[]

const queryShape = z.strictObject({ instances: z.array(instanceShape) })
const answerShape = z.strictObject({ exists: z.array(z.int().min(0).max(2)) })

/** Seals and signs a query to the intake key (X-Wing, 1216 bytes) of an epoch. */
export async function sealQuery(
  at: VaultEpoch,
  intake: Uint8Array,
  instances: readonly InstanceName[],
  by: { readonly writer: Signer; readonly random: RandomBytes },
): Promise<Uint8Array> {
  const fields = { instances: instances.map(writeInstance) }
  const plaintext = encodeShape("query", queryShape, fields)
  return await sealWriterMessage("query", at, intake, plaintext, by)
}

/** Reads a query and verifies its signature; throws as `verifyWriterMessage`. */
export function verifyQuery(newest: VaultEpoch, message: Uint8Array): WriterMessage {
  return verifyWriterMessage("query", newest, message)
}

/**
 * The instances that a verified query asks about.
 * @throws {AccessDeniedError} when it is not sealed to this intake key by this writer for this vault and epoch
 * @throws {InvalidInputError} when what it holds is malformed
 */
export async function openQuery(
  vault: VaultId,
  message: WriterMessage,
  intake: HpkeHolder,
): Promise<readonly InstanceName[]> {
  const plaintext = await openWriterMessage(vault, message, intake)
  return parseShape("query", queryShape, decodeDagCbor(plaintext)).instances.map(readInstance)
}

/**
 * Seals the answer to a query, one word an instance in the order asked.
 * @param query hash of the query, 32 bytes
 * @param agreement the writer's X-Wing key, 1216 bytes
 */
export async function sealQueryAnswer(
  at: VaultEpoch,
  query: Uint8Array,
  agreement: Uint8Array,
  exists: readonly Existence[],
  random: RandomBytes,
): Promise<Sealed> {
  const fields = { exists: exists.map((word) => EXISTENCES.indexOf(word)) }
  const plaintext = encodeShape("answer to a query", answerShape, fields)
  return await sealAnswer("query-answer", at, query, agreement, { plaintext, random })
}

/**
 * Opens the answer to a query about `count` instances.
 * @throws {AccessDeniedError} when it is not sealed to this writer for this query, vault and epoch
 * @throws {InvalidInputError} when what it holds is malformed or answers for another number of instances
 */
export async function openQueryAnswer(
  at: VaultEpoch,
  { hash, count }: { readonly hash: Uint8Array; readonly count: number },
  answer: Sealed,
  writer: HpkeHolder,
): Promise<readonly Existence[]> {
  const plaintext = await openAnswer("query-answer", at, hash, answer, writer)
  const { exists } = parseShape("answer to a query", answerShape, decodeDagCbor(plaintext))
  if (exists.length !== count) {
    throw new InvalidInputError(`the answer speaks of ${exists.length} instances, not ${count}`)
  }
  return exists.map((word) => EXISTENCES[word] as Existence)
}
