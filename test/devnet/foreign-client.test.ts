import * as sdk from "symbol-sdk-v2"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { systemClock } from "../../src/base/clock.ts"
import { type Devnet, startDevnet } from "../../src/devnet/index.ts"

const XYM = 1_000_000
const HARVEST_FEE = 8515
const RENTAL_FEE = 4685

/** The part of an rxjs observable that is needed here. */
interface Observed<T> {
  forEach(next: (value: T) => void): Promise<void>
}

/** The first value of an observable. */
function first<T>(observed: Observed<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const nothing = () => reject(new Error("the observable ended without a value"))
    observed.forEach(resolve).then(nothing, reject)
  })
}

/** Every value that comes, and a way to wait for one. */
function collect<T>(observed: Observed<T>) {
  const values: T[] = []
  const looks = new Set<() => void>()
  void observed.forEach((value) => {
    values.push(value)
    for (const look of looks) look()
  })
  return {
    values,
    until: (isWanted: (value: T) => boolean) =>
      new Promise<T>((resolve) => {
        const look = () => {
          const found = values.find(isWanted)
          if (found === undefined) return
          looks.delete(look)
          resolve(found)
        }
        looks.add(look)
        look()
      }),
  }
}

/** Hands the listener's socket out, which the SDK keeps to itself. */
class OpenSocket extends WebSocket {
  static last: WebSocket | undefined
  constructor(url: string) {
    super(url)
    OpenSocket.last = this
  }
}

describe("symbol-sdk 2.0.7, a client by others", () => {
  let devnet: Devnet
  let factory: sdk.RepositoryFactoryHttp
  let network: sdk.NetworkType
  let generationHash: string
  let epochAdjustment: number
  let currency: sdk.MosaicId
  let listener: sdk.IListener
  let rich: sdk.Account

  beforeAll(async () => {
    devnet = await startDevnet()
    factory = new sdk.RepositoryFactoryHttp(devnet.url, { websocketInjected: OpenSocket })
    network = await first(factory.getNetworkType())
    generationHash = await first(factory.getGenerationHash())
    epochAdjustment = await first(factory.getEpochAdjustment())
    currency = (await first(factory.getCurrencies())).currency.mosaicId as sdk.MosaicId
    listener = factory.createListener()
    await listener.open()
    rich = await funded(1000)
  })
  afterAll(async () => {
    listener.close()
    await devnet.close()
  })

  function stranger(): sdk.Account {
    return sdk.Account.generateNewAccount(network)
  }

  async function funded(xym: number): Promise<sdk.Account> {
    const account = stranger()
    await devnet.fund(addressOf(account), BigInt(xym * XYM))
    return account
  }

  function addressOf({ address }: sdk.Account): Uint8Array {
    return Buffer.from(address.encoded(), "hex")
  }

  const deadline = () => sdk.Deadline.create(epochAdjustment)
  const units = (id: sdk.MosaicId, amount: number) =>
    new sdk.Mosaic(id, sdk.UInt64.fromUint(amount))

  function transferTo(
    to: sdk.Account,
    mosaics: sdk.Mosaic[],
    message = "",
  ): sdk.TransferTransaction {
    const text = sdk.PlainMessage.create(message)
    const made = sdk.TransferTransaction.create(deadline(), to.address, mosaics, text, network)
    return made.setMaxFee(100) as sdk.TransferTransaction
  }

  /** An aggregate complete of the inner transactions, signed and cosigned. */
  function aggregate(
    inner: readonly sdk.InnerTransaction[],
    [signer, ...cosigners]: readonly [sdk.Account, ...sdk.Account[]],
  ): sdk.SignedTransaction {
    const whole = sdk.AggregateTransaction.createComplete(deadline(), [...inner], network, [])
    const paid = whole.setMaxFeeForAggregate(100, cosigners.length)
    return signer.signTransactionWithCosignatories(paid, cosigners, generationHash)
  }

  /** Resolves once the node has read the subscriptions, which it does not acknowledge: a pong comes behind them. */
  function subscribed(): Promise<void> {
    return new Promise((resolve) => {
      OpenSocket.last?.once("pong", () => resolve())
      OpenSocket.last?.ping()
    })
  }

  /** Announces and hears from the socket that it was confirmed, or why not. The SDK itself subscribes after announcing. */
  async function confirmed(signed: sdk.SignedTransaction): Promise<sdk.Transaction> {
    const signer = signed.getSignerAddress()
    const arrival = first(listener.confirmed(signer, signed.hash))
    const failure = first(listener.status(signer, signed.hash))
    await subscribed()
    await first(factory.createTransactionRepository().announce(signed))
    return await Promise.race([
      arrival,
      failure.then(({ code }) => {
        throw new Error(code)
      }),
    ])
  }

  async function finalHeight(): Promise<number> {
    const { latestFinalizedBlock } = await first(factory.createChainRepository().getChainInfo())
    return latestFinalizedBlock.height.compact()
  }

  async function balance(account: sdk.Account, id: sdk.MosaicId): Promise<number> {
    const info = await first(factory.createAccountRepository().getAccountInfo(account.address))
    return info.mosaics.find((one) => one.id.equals(id))?.amount.compact() ?? 0
  }

  it("finds the network: its type, its hash, its epoch, its currency and its fees", async () => {
    expect(network).toBe(sdk.NetworkType.TEST_NET)
    expect(generationHash).toMatch(/^[0-9A-F]{64}$/)
    expect(epochAdjustment).toBe(1_735_689_600)
    expect(currency.toHex()).toBe(
      devnet.currencyMosaicId.toString(16).toUpperCase().padStart(16, "0"),
    )
    const fees = await first(factory.createNetworkRepository().getTransactionFees())
    expect(fees.minFeeMultiplier).toBe(10)
    const rental = await first(factory.createNetworkRepository().getRentalFees())
    expect(rental.effectiveMosaicRentalFee.compact()).toBe(50 * XYM)
    const node = factory.createNodeRepository()
    expect((await first(node.getNodeInfo())).networkGenerationHashSeed).toBe(generationHash)
    expect((await first(node.getNodeHealth())).apiNode).toBe("up")
    expect((await first(node.getServerInfo())).restVersion).toBe("2.5.0")
    expect((await first(node.getStorageInfo())).numBlocks).toBeGreaterThan(1)
    const time = await first(node.getNodeTime())
    expect(time.sendTimeStamp?.compact()).toBeGreaterThan(0)
    const chain = await first(factory.createChainRepository().getChainInfo())
    expect(chain.height.compact()).toBeGreaterThanOrEqual(
      chain.latestFinalizedBlock.height.compact(),
    )
  })

  it("announces a transfer and hears: unconfirmed, confirmed, block, final", async () => {
    const to = stranger()
    const signed = rich.sign(
      transferTo(to, [units(currency, 5 * XYM)], "from afar"),
      generationHash,
    )
    const unconfirmed = collect(listener.unconfirmedAdded(to.address))
    const removed = collect(listener.unconfirmedRemoved(to.address))
    const arrived = collect(listener.confirmed(to.address))
    const blocks = collect(listener.newBlock())
    const finals = collect(listener.finalizedBlock())
    await subscribed()
    await first(factory.createTransactionRepository().announce(signed))
    const hashIs = ({ transactionInfo }: sdk.Transaction) =>
      (transactionInfo as sdk.TransactionInfo).hash === signed.hash
    await unconfirmed.until(hashIs)
    const transfer = (await arrived.until(hashIs)) as sdk.TransferTransaction
    await removed.until((hash) => hash === signed.hash)
    expect(transfer.message.payload).toBe("from afar")
    expect(transfer.mosaics[0]?.amount.compact()).toBe(5 * XYM)
    const height = transfer.transactionInfo?.height.compact() ?? 0
    const block = await blocks.until((one) => one.height.compact() === height)
    const stored = await first(factory.createBlockRepository().getBlockByHeight(block.height))
    expect(stored.hash).toBe(block.hash)
    expect(stored.stateHash).toBe(block.stateHash)
    const final = await finals.until((one) => one.height.compact() >= height)
    expect(final.hash).toMatch(/^[0-9A-F]{64}$/)
    expect(await balance(to, currency)).toBe(5 * XYM)
  })

  it("hears why a transaction was refused, and finds its status", async () => {
    const poor = await funded(1)
    const statuses = collect(listener.status(poor.address))
    await subscribed()
    const signed = poor.sign(transferTo(rich, [units(currency, 5 * XYM)]), generationHash)
    await first(factory.createTransactionRepository().announce(signed))
    const heard = await statuses.until(({ hash }) => hash === signed.hash)
    expect(heard.code).toBe("Failure_Core_Insufficient_Balance")
    const repository = factory.createTransactionStatusRepository()
    const found = await first(repository.getTransactionStatus(signed.hash))
    expect([found.group, found.code]).toEqual(["failed", heard.code])
    expect(await balance(poor, currency)).toBe(XYM)
  })

  it("makes a multisig account with all who join, pays from it and finds its graph", async () => {
    const [account, one, second] = [await funded(20), stranger(), stranger()]
    const join = sdk.MultisigAccountModificationTransaction.create(
      deadline(),
      2,
      1,
      [one.address, second.address],
      [],
      network,
    )
    await confirmed(aggregate([join.toAggregate(account.publicAccount)], [account, one, second]))
    const multisigs = factory.createMultisigRepository()
    const info = await first(multisigs.getMultisigAccountInfo(account.address))
    expect([info.minApproval, info.minRemoval, info.cosignatoryAddresses.length]).toEqual([2, 1, 2])
    const graph = await first(multisigs.getMultisigAccountGraphInfo(one.address))
    expect([...graph.multisigEntries.keys()].toSorted((a, b) => a - b)).toEqual([-1, 0])

    await devnet.fund(addressOf(one), BigInt(10 * XYM))
    const to = stranger()
    const pay = transferTo(to, [units(currency, XYM)]).toAggregate(account.publicAccount)
    await confirmed(aggregate([pay], [one, second]))
    expect(await balance(to, currency)).toBe(XYM)
    // One of two is not enough.
    const again = transferTo(to, [units(currency, XYM)]).toAggregate(account.publicAccount)
    const refusal = await confirmed(aggregate([again], [one])).catch((cause: unknown) => cause)
    expect(String(refusal)).toContain("Failure_Aggregate_Missing_Cosignatures")
    expect(await balance(to, currency)).toBe(XYM)
  })

  it("defines a mosaic, supplies it, sends it and reads the receipt", async () => {
    const owner = await funded(200)
    const nonce = sdk.MosaicNonce.createFromNumber(9)
    const id = sdk.MosaicId.createFromNonce(nonce, owner.address)
    const definition = sdk.MosaicDefinitionTransaction.create(
      deadline(),
      nonce,
      id,
      sdk.MosaicFlags.create(true, false, false, false),
      2,
      sdk.UInt64.fromUint(0),
      network,
    ).setMaxFee(100)
    const supply = sdk.MosaicSupplyChangeTransaction.create(
      deadline(),
      id,
      sdk.MosaicSupplyChangeAction.Increase,
      sdk.UInt64.fromUint(700),
      network,
    ).setMaxFee(100)
    const defined = await confirmed(owner.sign(definition, generationHash))
    await confirmed(owner.sign(supply, generationHash))
    const to = stranger()
    await confirmed(owner.sign(transferTo(to, [units(id, 3)]), generationHash))
    expect([await balance(owner, id), await balance(to, id)]).toEqual([697, 3])
    const mosaics = factory.createMosaicRepository()
    const info = await first(mosaics.getMosaic(id))
    expect(info.ownerAddress.plain()).toBe(owner.address.plain())
    expect([info.supply.compact(), info.divisibility, info.flags.getValue()]).toEqual([700, 2, 1])
    const owned = await first(mosaics.search({ ownerAddress: owner.address }))
    expect(owned.data.map((one) => one.id.toHex())).toEqual([id.toHex()])

    const height = (defined.transactionInfo as sdk.TransactionInfo).height
    const receipts = factory.createReceiptRepository()
    const page = await first(receipts.searchReceipts({ height }))
    const types = page.data.flatMap((one) => one.receipts.map(({ type }) => type as number))
    expect(types.toSorted((a, b) => a - b)).toEqual([RENTAL_FEE, HARVEST_FEE])
    const blockService = new sdk.BlockService(factory)
    for (const statement of page.data) {
      const isIn = blockService.validateStatementInBlock(statement.generateHash(), height)
      expect(await first(isIn)).toBe(true)
    }
    expect(await first(blockService.validateStatementInBlock("AB".repeat(32), height))).toBe(false)
  })

  it("writes metadata on itself and finds it", async () => {
    const source = await funded(10)
    const key = sdk.KeyGenerator.generateUInt64Key("medlake")
    const value = Buffer.from("an announcement's hash")
    const write = sdk.AccountMetadataTransaction.create(
      deadline(),
      source.address,
      key,
      value.length,
      value,
      network,
    )
    await confirmed(aggregate([write.toAggregate(source.publicAccount)], [source]))
    const repository = factory.createMetadataRepository()
    const found = await first(repository.search({ targetAddress: source.address }))
    expect(found.data.length).toBe(1)
    const [entry] = found.data
    expect(entry?.metadataEntry.value).toBe("an announcement's hash")
    expect(entry?.metadataEntry.scopedMetadataKey.toHex()).toBe(key.toHex())
    // Its own service reads the old value first and writes the difference.
    const service = new sdk.MetadataTransactionService(repository)
    const made = await first(
      service.createAccountMetadataTransaction(
        deadline(),
        network,
        source.address,
        key,
        "another",
        source.address,
        sdk.UInt64.fromUint(0),
      ),
    )
    await confirmed(aggregate([made.toAggregate(source.publicAccount)], [source]))
    const now = await first(
      repository.search({ targetAddress: source.address, scopedMetadataKey: key.toHex() }),
    )
    expect(now.data[0]?.metadataEntry.value).toBe("another")
  })

  it("searches transactions page by page and reads embedded ones by hash", async () => {
    const sender = await funded(100)
    const to = stranger()
    const parts = Array.from({ length: 30 }, (_, i) =>
      transferTo(to, [], `part ${i}`).toAggregate(sender.publicAccount),
    )
    const signed = aggregate(parts, [sender])
    await confirmed(signed)
    const repository = factory.createTransactionRepository()
    const search = {
      group: sdk.TransactionGroup.Confirmed,
      recipientAddress: to.address,
      embedded: true,
    }
    const found: sdk.Transaction[] = []
    for (let pageNumber = 1; ; pageNumber++) {
      const page = await first(repository.search({ ...search, pageSize: 20, pageNumber }))
      found.push(...page.data)
      if (page.isLastPage) break
    }
    const messages = found.map((one) => (one as sdk.TransferTransaction).message.payload)
    expect(messages).toEqual(parts.map((_, i) => `part ${i}`))
    const whole = await first(
      repository.getTransaction(signed.hash, sdk.TransactionGroup.Confirmed),
    )
    expect((whole as sdk.AggregateTransaction).innerTransactions.length).toBe(30)
    expect(await first(repository.getTransactionEffectiveFee(signed.hash))).toBeGreaterThan(0)
  })

  it("verifies merkle paths and computes the same root over a block of several transactions", async () => {
    const held = await startDevnet({ blockTimeMs: 0x7fffffff })
    try {
      const there = new sdk.RepositoryFactoryHttp(held.url)
      const seed = await first(there.getGenerationHash())
      const sender = stranger()
      await held.fund(addressOf(sender), BigInt(100 * XYM))
      const repository = there.createTransactionRepository()
      const hashes: string[] = []
      for (let i = 0; i < 6; i++) {
        const signed = sender.sign(transferTo(stranger(), [], `${i}`), seed)
        await first(repository.announce(signed))
        hashes.push(signed.hash)
      }
      // The faucet makes a block: the seventh transaction of it, and an odd number.
      await held.fund(addressOf(sender), 1n)
      const { height } = await first(there.createChainRepository().getChainInfo())
      const block = await first(there.createBlockRepository().getBlockByHeight(height))
      expect(block.transactionsCount).toBe(7)
      const service = new sdk.BlockService(there)
      for (const hash of hashes) {
        expect(await first(service.validateTransactionInBlock(hash, height))).toBe(true)
      }
      expect(await first(service.validateTransactionInBlock("AB".repeat(32), height))).toBe(false)
      expect(await first(service.calculateTransactionsMerkleRootHash(height))).toBe(
        block.blockTransactionsHash,
      )
    } finally {
      await held.close()
    }
  })

  it("proves the state by its own serialization", async () => {
    const [account, cosigner] = [await funded(100), stranger()]
    const nonce = sdk.MosaicNonce.createFromNumber(3)
    const id = sdk.MosaicId.createFromNonce(nonce, account.address)
    const flags = sdk.MosaicFlags.create(false, true, false, true)
    const eternal = sdk.UInt64.fromUint(0)
    const key = sdk.UInt64.fromUint(77)
    const inner = [
      sdk.MosaicDefinitionTransaction.create(deadline(), nonce, id, flags, 0, eternal, network),
      sdk.MosaicSupplyChangeTransaction.create(
        deadline(),
        id,
        sdk.MosaicSupplyChangeAction.Increase,
        sdk.UInt64.fromUint(5),
        network,
      ),
      sdk.AccountMetadataTransaction.create(
        deadline(),
        account.address,
        key,
        3,
        Buffer.from("abc"),
        network,
      ),
      sdk.MultisigAccountModificationTransaction.create(
        deadline(),
        1,
        1,
        [cosigner.address],
        [],
        network,
      ),
    ].map((one) => one.toAggregate(account.publicAccount))
    const made = await confirmed(aggregate(inner, [account, cosigner]))
    const height = (made.transactionInfo as sdk.TransactionInfo).height.compact()
    // All of the state is asked for below: no block may come in between.
    while ((await finalHeight()) < height) await systemClock.sleep(5)

    const proofs = new sdk.StateProofService(factory)
    const search = { targetAddress: account.address }
    const { data } = await first(factory.createMetadataRepository().search(search))
    const composite = data[0]?.metadataEntry.compositeHash as string
    const { height: tip } = await first(factory.createChainRepository().getChainInfo())
    const block = await first(factory.createBlockRepository().getBlockByHeight(tip))
    const roots = block.stateHashSubCacheMerkleRoots
    // Places of the caches among the roots: account, mosaic, multisig, metadata.
    const claims = [
      [0, () => proofs.accountById(account.address)],
      [0, () => proofs.accountById(cosigner.address)],
      [2, () => proofs.mosaicById(id)],
      [3, () => proofs.multisigById(account.address)],
      [3, () => proofs.multisigById(cosigner.address)],
      [8, () => proofs.metadataById(composite)],
    ] as const
    for (const [place, claim] of claims) {
      const proof = await first(claim())
      expect(proof.valid).toBe(true)
      expect(proof.stateHash).toBe(proof.leafValue)
      expect(proof.rootHash).toBe(roots[place])
    }
    expect(roots.length).toBe(9)
  })
})
