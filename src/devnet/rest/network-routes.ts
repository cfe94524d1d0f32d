/**
 * Routes about node and network (symbol.md §9.4).
 *
 * @module
 */
import { formatAddress } from "../../crypto/address.ts"
import { hexOf } from "../account.ts"
import { multiplierOf } from "../fee.ts"
import {
  EPOCH_ADJUSTMENT_S,
  FEES,
  INITIAL_SUPPLY,
  LIMITS,
  NETWORK_BYTE,
  NETWORK_NAME,
} from "../network.ts"
import type { RestRequest } from "./request.ts"

/** catapult 1.0.3.9, packed as the node does. */
const NODE_VERSION = 0x01000309
const API_ROLE = 3
const FEE_BLOCKS = 300

export function nodeInfo({ chain }: RestRequest) {
  const { harvesterKey, seed } = chain.genesis
  return {
    version: NODE_VERSION,
    publicKey: hexOf(harvesterKey),
    networkGenerationHashSeed: hexOf(seed),
    roles: API_ROLE,
    port: 7900,
    networkIdentifier: NETWORK_BYTE,
    host: "127.0.0.1",
    friendlyName: "medlake devnet",
    nodePublicKey: hexOf(harvesterKey),
  }
}

export function nodeHealth() {
  return { status: { apiNode: "up", db: "up" } }
}

export function nodeServer() {
  return {
    serverInfo: {
      restVersion: "2.5.0",
      deployment: {
        deploymentTool: "medlake",
        deploymentToolVersion: "1",
        lastUpdatedDate: "2026-01-01",
      },
    },
  }
}

export function nodeTime({ chain }: RestRequest) {
  const now = chain.now().toString()
  return { communicationTimestamps: { sendTimestamp: now, receiveTimestamp: now } }
}

export function nodeStorage({ chain }: RestRequest) {
  const count = (table: string) =>
    chain.store.row(`SELECT count(*) AS n FROM ${table}`)?.["n"] as number
  return {
    numBlocks: count("block"),
    numTransactions: count("tx"),
    numAccounts: chain.store.entries("account").length,
    database: {
      numIndexes: 4,
      numObjects: count("part"),
      dataSize: 0,
      indexSize: 0,
      storageSize: 0,
    },
  }
}

export function network() {
  return { name: NETWORK_NAME, description: "a medlake devnet: one process, no value" }
}

export function networkProperties({ chain }: RestRequest) {
  const { nemesisKey, seed, currency } = chain.genesis
  const sink = formatAddress(Buffer.from(chain.genesis.sink, "hex"))
  const currencyId = `0x${currency.match(/.{4}/g)?.join("'") ?? ""}`
  return {
    network: {
      identifier: NETWORK_NAME,
      nodeEqualityStrategy: "host",
      nemesisSignerPublicKey: nemesisKey,
      generationHashSeed: hexOf(seed),
      epochAdjustment: `${EPOCH_ADJUSTMENT_S}s`,
    },
    chain: {
      enableVerifiableState: true,
      enableVerifiableReceipts: true,
      currencyMosaicId: currencyId,
      harvestingMosaicId: currencyId,
      blockGenerationTargetTime: "1s",
      blockTimeSmoothingFactor: "3000",
      importanceGrouping: "720",
      importanceActivityPercentage: "5",
      maxRollbackBlocks: "0",
      maxDifficultyBlocks: "60",
      defaultDynamicFeeMultiplier: String(FEES.defaultDynamicFeeMultiplier),
      maxTransactionLifetime: "6h",
      maxBlockFutureTime: "300ms",
      initialCurrencyAtomicUnits: quoted(INITIAL_SUPPLY),
      maxMosaicAtomicUnits: quoted(LIMITS.maxMosaicAtomicUnits),
      totalChainImportance: quoted(INITIAL_SUPPLY),
      minHarvesterBalance: "10'000'000'000",
      maxHarvesterBalance: "50'000'000'000'000",
      minVoterBalance: "3'000'000'000'000",
      votingSetGrouping: "1'440",
      maxVotingKeysPerAccount: "3",
      minVotingKeyLifetime: "112",
      maxVotingKeyLifetime: "360",
      harvestBeneficiaryPercentage: "25",
      harvestNetworkPercentage: "5",
      harvestNetworkFeeSinkAddress: sink,
      maxTransactionsPerBlock: quoted(BigInt(LIMITS.maxTransactionsPerBlock)),
    },
    plugins: {
      aggregate: {
        maxTransactionsPerAggregate: String(LIMITS.maxTransactionsPerAggregate),
        maxCosignaturesPerAggregate: String(LIMITS.maxCosignaturesPerAggregate),
        enableStrictCosignatureCheck: false,
        enableBondedAggregateSupport: false,
        maxBondedTransactionLifetime: "48h",
      },
      metadata: { maxValueSize: String(LIMITS.maxMetadataValueSize) },
      mosaic: {
        maxMosaicsPerAccount: quoted(BigInt(LIMITS.maxMosaicsPerAccount)),
        maxMosaicDuration: "3650d",
        maxMosaicDivisibility: String(LIMITS.maxMosaicDivisibility),
        mosaicRentalFeeSinkAddress: sink,
        mosaicRentalFee: quoted(FEES.mosaicRentalFee),
      },
      multisig: {
        maxMultisigDepth: String(LIMITS.maxMultisigDepth),
        maxCosignatoriesPerAccount: String(LIMITS.maxCosignatoriesPerAccount),
        maxCosignedAccountsPerAccount: String(LIMITS.maxCosignedAccountsPerAccount),
      },
      transfer: { maxMessageSize: String(LIMITS.maxMessageSize) },
    },
    forkHeights: {
      totalVotingBalanceCalculationFix: "0",
      treasuryReissuance: "0",
      strictAggregateTransactionHash: "0",
      skipSecretLockUniquenessChecks: "0",
      skipSecretLockExpirations: "0",
      forceSecretLockExpirations: "0",
      uniqueAggregateTransactionHash: "0",
    },
  }
}

/** Over the multipliers of the newest blocks that had transactions (symbol.md §9.4). */
export function transactionFees({ chain }: RestRequest) {
  const select = "SELECT header FROM block WHERE transactions > 0 ORDER BY height DESC LIMIT ?"
  const usual = FEES.defaultDynamicFeeMultiplier
  const found = chain.store
    .rows(select, FEE_BLOCKS)
    .map((row) => multiplierOf(row["header"]))
    .toSorted((a, b) => a - b)
  const sum = found.reduce((total, one) => total + one, 0)
  return {
    averageFeeMultiplier: found.length === 0 ? usual : Math.floor(sum / found.length),
    medianFeeMultiplier: found[Math.floor(found.length / 2)] ?? usual,
    highestFeeMultiplier: found.at(-1) ?? usual,
    lowestFeeMultiplier: found[0] ?? usual,
    minFeeMultiplier: FEES.minFeeMultiplier,
  }
}

export function rentalFees({ chain }: RestRequest) {
  const multiplier = BigInt(chain.dynamicFeeMultiplier())
  return {
    effectiveRootNamespaceRentalFeePerBlock: (2n * multiplier).toString(),
    effectiveChildNamespaceRentalFee: (100_000n * multiplier).toString(),
    effectiveMosaicRentalFee: (FEES.mosaicRentalFee * multiplier).toString(),
  }
}

function quoted(value: bigint): string {
  return value.toString().replaceAll(/\B(?=(\d{3})+$)/g, "'")
}
