/**
 * The fields of everything that REST shows, copied by hand from symbol.md §9.6 and, for what stands in no table there,
 * from §9.3 and §9.4. An answer must have these and no others.
 *
 * @module
 */

/** Fields of an object; those with "?" may be absent. */
type Fields = string
type Json = Readonly<Record<string, unknown>>

/** Header fields of every transaction. */
const HEADER = "size signature signerPublicKey version network type maxFee deadline"
const EMBEDDED_HEADER = "signerPublicKey version network type"
const META = "height hash merkleComponentHash index"
const EMBEDDED_META = "height aggregateHash aggregateId index timestamp feeMultiplier"

/** Fields of transaction bodies by type. */
const BODIES: Readonly<Record<number, Fields>> = {
  0x4154: "recipientAddress mosaics message?",
  0x4141: "transactionsHash cosignatures transactions?",
  0x4155: "minRemovalDelta minApprovalDelta addressAdditions addressDeletions",
  0x414d: "id duration nonce flags divisibility",
  0x424d: "mosaicId delta action",
  0x4144: "targetAddress scopedMetadataKey valueSizeDelta valueSize value",
}

/** Fields of what stands under a name inside an answer. */
const SHAPES: Readonly<Record<string, Fields>> = {
  account:
    "version address addressHeight publicKey publicKeyHeight accountType supplementalPublicKeys activityBuckets mosaics importance importanceHeight",
  multisig: "version accountAddress minApproval minRemoval cosignatoryAddresses multisigAddresses",
  metadataEntry:
    "version compositeHash sourceAddress targetAddress scopedMetadataKey targetId metadataType valueSize value",
  mosaic: "version id supply startHeight ownerAddress revision flags divisibility duration",
  pagination: "pageNumber pageSize",
  latestFinalizedBlock: "finalizationEpoch finalizationPoint height hash",
  communicationTimestamps: "sendTimestamp receiveTimestamp",
  serverInfo: "restVersion deployment",
  deployment: "deploymentTool deploymentToolVersion lastUpdatedDate",
}

const CHAIN =
  "enableVerifiableState enableVerifiableReceipts currencyMosaicId harvestingMosaicId blockGenerationTargetTime blockTimeSmoothingFactor importanceGrouping importanceActivityPercentage maxRollbackBlocks maxDifficultyBlocks defaultDynamicFeeMultiplier maxTransactionLifetime maxBlockFutureTime initialCurrencyAtomicUnits maxMosaicAtomicUnits totalChainImportance minHarvesterBalance maxHarvesterBalance minVoterBalance votingSetGrouping maxVotingKeysPerAccount minVotingKeyLifetime maxVotingKeyLifetime harvestBeneficiaryPercentage harvestNetworkPercentage harvestNetworkFeeSinkAddress maxTransactionsPerBlock"
const FORKS =
  "totalVotingBalanceCalculationFix treasuryReissuance strictAggregateTransactionHash skipSecretLockUniquenessChecks skipSecretLockExpirations forceSecretLockExpirations uniqueAggregateTransactionHash"

/** Fields of answers that are one object of their own, by path and, behind it, the field inside the answer. */
const ANSWERS: Readonly<Record<string, Fields>> = {
  "/node/info":
    "version publicKey networkGenerationHashSeed roles port networkIdentifier host friendlyName nodePublicKey",
  "/node/health status": "apiNode db",
  "/node/storage": "numBlocks numTransactions numAccounts database",
  "/node/unlockedaccount": "unlockedAccount",
  "/network": "name description",
  "/network/properties": "network chain plugins forkHeights",
  "/network/properties network":
    "identifier nodeEqualityStrategy nemesisSignerPublicKey generationHashSeed epochAdjustment",
  "/network/properties chain": CHAIN,
  "/network/properties plugins": "aggregate metadata mosaic multisig transfer",
  "/network/properties forkHeights": FORKS,
  "/network/fees/transaction":
    "averageFeeMultiplier medianFeeMultiplier highestFeeMultiplier lowestFeeMultiplier minFeeMultiplier",
  "/network/fees/rental":
    "effectiveRootNamespaceRentalFeePerBlock effectiveChildNamespaceRentalFee effectiveMosaicRentalFee",
  "/chain/info": "height scoreHigh scoreLow latestFinalizedBlock",
}

const BLOCK =
  "size signature signerPublicKey version network type height timestamp difficulty proofGamma proofVerificationHash proofScalar previousBlockHash transactionsHash receiptsHash stateHash beneficiaryAddress feeMultiplier"
const IMPORTANCE =
  " votingEligibleAccountsCount harvestingEligibleAccountsCount totalVotingBalance previousImportanceBlockHash"
const BLOCK_META =
  "hash generationHash totalFee totalTransactionsCount transactionsCount statementsCount stateHashSubCacheMerkleRoots"
/** Types of blocks without an importance footer. */
const NORMAL_BLOCK = 33091
const BALANCE_CHANGE = "version type mosaicId amount targetAddress"
const BALANCE_TRANSFER = "version type mosaicId amount senderAddress recipientAddress"
const RENTAL_FEE = 4685

/** Counts, by kind of object, what was looked at. */
export class FieldCheck {
  readonly seen = new Map<string, number>()
  readonly problems: string[] = []

  /** Looks at every object that symbol.md describes in the answer to a path. */
  look(path: string, answer: unknown): void {
    for (const [place, fields] of Object.entries(ANSWERS)) {
      const [of, inside] = place.split(" ")
      const object = inside === undefined ? answer : (answer as Json)[inside]
      if (of === path) this.#expect(place, object as Json, fields, path)
    }
    // What stands in the properties is called like other things.
    if (path !== "/network/properties") this.#walk(answer, path)
  }

  #walk(answer: unknown, where: string): void {
    if (typeof answer !== "object" || answer === null) return
    if (Array.isArray(answer)) {
      for (const [i, one] of answer.entries()) this.#walk(one, `${where}[${i}]`)
      return
    }
    const object = answer as Json
    this.#wrapper(object, where)
    for (const [name, inner] of Object.entries(object)) this.#walk(inner, `${where}.${name}`)
  }

  #wrapper(object: Json, where: string): void {
    const at = (name: string) => object[name] as Json
    if ("transaction" in object) this.#transaction(object, where)
    else if ("block" in object) {
      this.#expect("block info", object, "id meta block", where)
      this.#expect("block meta", at("meta"), BLOCK_META, where)
      const footer = at("block")["type"] === NORMAL_BLOCK ? "" : IMPORTANCE
      this.#expect("block", at("block"), BLOCK + footer, where)
    } else if ("statement" in object) this.#statement(object, where)
    for (const [name, fields] of Object.entries(SHAPES)) {
      const inner = object[name]
      if (typeof inner !== "object") continue
      this.#expect(name, inner as Json, fields, where)
      if (["account", "metadataEntry", "mosaic"].includes(name)) {
        this.#expect(`${name} info`, object, `id ${name}`, where)
      }
    }
  }

  #transaction(object: Json, where: string): void {
    const [meta, transaction] = [object["meta"] as Json, object["transaction"] as Json]
    const type = transaction["type"] as number
    const body = BODIES[type] ?? "a type that symbol.md does not know"
    const name = `type ${type.toString(16)}`
    this.#expect("transaction info", object, "id meta transaction", where)
    if ("aggregateHash" in meta) {
      this.#expect("embedded meta", meta, EMBEDDED_META, where)
      this.#expect(`embedded ${name}`, transaction, `${EMBEDDED_HEADER} ${body}`, where)
    } else {
      const timing = meta["height"] === "0" ? "" : " timestamp feeMultiplier"
      this.#expect(timing ? "confirmed meta" : "unconfirmed meta", meta, META + timing, where)
      this.#expect(name, transaction, `${HEADER} ${body}`, where)
    }
    for (const cosignature of (transaction["cosignatures"] ?? []) as Json[]) {
      this.#expect("cosignature", cosignature, "version signerPublicKey signature", where)
    }
    for (const mosaic of (transaction["mosaics"] ?? []) as Json[]) {
      this.#expect("mosaic of a transfer", mosaic, "id amount", where)
    }
  }

  #statement(object: Json, where: string): void {
    const statement = object["statement"] as Json
    this.#expect("statement info", object, "id meta statement", where)
    this.#expect("statement meta", object["meta"] as Json, "timestamp", where)
    this.#expect("statement", statement, "height source receipts", where)
    this.#expect("source", statement["source"] as Json, "primaryId secondaryId", where)
    for (const receipt of statement["receipts"] as Json[]) {
      const isTransfer = receipt["type"] === RENTAL_FEE
      const kind = isTransfer ? "receipt of a transfer" : "receipt of a change"
      this.#expect(kind, receipt, isTransfer ? BALANCE_TRANSFER : BALANCE_CHANGE, where)
    }
  }

  #expect(kind: string, object: Json | undefined, fields: Fields, where: string): void {
    this.seen.set(kind, (this.seen.get(kind) ?? 0) + 1)
    const names = fields.split(" ")
    const needed = names.filter((name) => !name.endsWith("?"))
    const allowed = new Set(names.map((name) => name.replace("?", "")))
    const found = Object.keys(object ?? {})
    for (const name of needed) {
      if (!found.includes(name)) this.problems.push(`${where}: ${kind} lacks ${name}`)
    }
    for (const name of found) {
      if (!allowed.has(name)) this.problems.push(`${where}: ${kind} has ${name} beside its fields`)
    }
  }
}
