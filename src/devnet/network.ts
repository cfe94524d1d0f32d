/**
 * The network that a devnet is: identifiers, limits and fees, as `/network/properties` tells them (symbol.md §1, §2).
 *
 * @module
 */

/** Address prefix of test and private networks. */
export const NETWORK_BYTE = 0x98
/** Name that REST allows for a private network of this prefix. */
export const NETWORK_NAME = "testnet"
/** Unix time (seconds) at which network time starts: 2025-01-01T00:00:00Z. */
export const EPOCH_ADJUSTMENT_S = 1_735_689_600

/** Validation limits (symbol.md §2.1, §2.2), with mainnet's values. */
export const LIMITS = {
  maxTransactionLifetimeMs: 6n * 3_600_000n,
  maxMessageSize: 1024,
  maxTransactionsPerAggregate: 100,
  /** The signer counts. */
  maxCosignaturesPerAggregate: 25,
  maxTransactionsPerBlock: 6000,
  maxMosaicAtomicUnits: 8_999_999_999_000_000n,
  maxMosaicsPerAccount: 1000,
  maxMosaicDuration: 10_512_000n,
  maxMosaicDivisibility: 6,
  maxMultisigDepth: 3,
  maxCosignatoriesPerAccount: 25,
  maxCosignedAccountsPerAccount: 25,
  maxMetadataValueSize: 1024,
} as const

/** Fees in atomic units: a byte at least, a byte by default, and a mosaic's rental at the default multiplier of 100. */
export const FEES = {
  minFeeMultiplier: 10,
  defaultDynamicFeeMultiplier: 100,
  mosaicRentalFee: 500_000n,
} as const

/** Everything the genesis account holds, atomic units of currency. */
export const INITIAL_SUPPLY = 7_842_928_625_000_000n
export const CURRENCY_NONCE = 0
