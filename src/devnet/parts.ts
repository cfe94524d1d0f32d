/**
 * What a transaction consists of and who takes part: the rows by which it is found, the addresses that hear of it (symbol.md §9.5, §10).
 *
 * @module
 */
import { addressHex, hexOf } from "./account.ts"
import type { PartRow } from "./rows.ts"
import type { Transaction } from "./transaction.ts"
import type { Body } from "./transaction-body.ts"

/** 24 hex digits: height, place in the block, part. Ascending in the order of the chain. */
export function partId(height: number, place: number, part: number): string {
  return [height, place, part]
    .map((one) => one.toString(16).padStart(8, "0"))
    .join("")
    .toUpperCase()
}

/** Reads a {@link partId}. */
export function parsePartId(
  id: string,
): { height: number; place: number; part: number } | undefined {
  const match = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/i.exec(id)
  if (!match) return undefined
  const [height = 0, place = 0, part = 0] = match.slice(1).map((one) => Number.parseInt(one, 16))
  return { height, place, part }
}

/** The transaction and its embedded ones. */
export function partsOf(transaction: Transaction, height: number, place: number): PartRow[] {
  const { body, type, signer } = transaction
  const row = (part: number, partType: number, key: Buffer, recipient: string | null): PartRow => ({
    id: partId(height, place, part),
    height,
    place,
    part,
    type: partType,
    signer: hexOf(key),
    recipient,
  })
  if (body.kind !== "aggregate") return [row(0, type, signer, recipientOf(body))]
  return [
    row(0, type, signer, null),
    ...body.transactions.map((one, i) => row(i + 1, one.type, one.signer, recipientOf(one.body))),
  ]
}

/** Addresses (hex) that fire for a transaction: signers, recipients, metadata targets, additions, the rental fee's sink. */
export function involvedIn({ signer, body }: Transaction, sink: string): string[] {
  const addresses = new Set([addressHex(signer)])
  const add = (one: Body, key: Buffer) => {
    addresses.add(addressHex(key))
    for (const address of partiesOf(one, sink)) addresses.add(address)
  }
  if (body.kind !== "aggregate") add(body, signer)
  else for (const one of body.transactions) add(one.body, one.signer)
  return [...addresses]
}

function recipientOf(body: Body): string | null {
  return body.kind === "transfer" ? hexOf(body.recipient) : null
}

function partiesOf(body: Body, sink: string): string[] {
  switch (body.kind) {
    case "transfer":
      return [hexOf(body.recipient)]
    case "multisig":
      return body.additions.map(hexOf)
    case "accountMetadata":
      return [hexOf(body.target)]
    case "mosaicDefinition":
      return [sink]
    case "mosaicSupply":
      return []
  }
}
