/**
 * The Symbol client: building and checking aggregates, announcing them, reading and proving what the chain holds.
 *
 * @module
 */
export type { Account } from "./account.ts"
export {
  type Aggregate,
  aggregateHash,
  type Cosignature,
  deadlineOf,
  draftAggregate,
  parseAggregate,
  signingBytes,
  withCosignature,
  withSignature,
} from "./aggregate.ts"
export type { Confirmation, ConfirmOptions } from "./announcer.ts"
export type { BlockHeader } from "./block.ts"
export {
  type AccountMetadataInstruction,
  applyMetadataDelta,
  type Instruction,
  type MosaicAmount,
  type MosaicDefinitionInstruction,
  type MosaicFlags,
  type MosaicSupplyInstruction,
  type MultisigInstruction,
  metadataDelta,
  metadataKeyOf,
  mosaicIdOf,
  type TransferInstruction,
} from "./instruction.ts"
export { decodeMessage, encodeMessage, MAX_MESSAGE_TEXT } from "./message.ts"
export type { MetadataKey } from "./metadata.ts"
export type { Multisig, MultisigLevel } from "./multisig.ts"
export type { Network } from "./network.ts"
export type { NodeFrame, NodeResponse, SymbolNode } from "./node.ts"
export type { StateProof, TransactionProof } from "./proof.ts"
export type { ConfirmedAggregate } from "./rest-transaction.ts"
export type { ChainHeights, TransactionState } from "./status.ts"
export { SymbolLedger, type SymbolLedgerOptions } from "./symbol-ledger.ts"
export type { ChainTransfer, TransferQuery } from "./transfers.ts"
export { verifyAggregate } from "./verify-aggregate.ts"
export type { Hint } from "./watch.ts"
