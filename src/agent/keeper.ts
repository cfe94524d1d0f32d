/**
 * The keeper of links: half of each link's key, given to whoever proves the passcode, for five wrong guesses.
 *
 *     guess ─▶ one try taken, durably ─▶ compared in constant time ─▶ right: given back · wrong: gone; the last one wipes the half
 *
 * Guesses at one link are evaluated one after the other. A crash between taking and giving back costs a try, never adds one. An id once
 * kept is never taken again, so that a message played back revives nothing.
 *
 * @module
 */
import { equalConstantTime, utf8 } from "../base/bytes.ts"
import { AccessDeniedError, AlreadyExistsError, NotFoundError } from "../base/errors.ts"
import type { KeeperMessage } from "../vault/link-keeper.ts"
import {
  openKeeperRequest,
  passcodeProof,
  proofHash,
  sealKeeperAnswer,
} from "../vault/link-keeper.ts"
import { openDropLink, openKeepLink } from "../vault/link-keeping.ts"
import type { AgentVault, AgentVaults } from "./agent-vault.ts"
import type { AgentContext, KeptHalf } from "./ports.ts"
import { Turns } from "./turns.ts"

/** What a guess came to: the thing asked for, or how many tries are left. */
export type Guessed<T> = { readonly granted: T } | { readonly remaining: number }

/** One name for all argon2id runs: they take turns, so that guesses can't fill the memory. */
const STRETCHING = utf8("argon2id")

type Context = Pick<AgentContext, "tables" | "clock">

/** See the module. */
export class Keeper {
  readonly #context: Context
  readonly #vaults: AgentVaults
  readonly #turns = new Turns()

  constructor(context: Context, vaults: AgentVaults) {
    this.#context = context
    this.#vaults = vaults
  }

  /**
   * Keeps the half of a link.
   * @throws {AlreadyExistsError} when the id is or was kept
   * @throws {AccessDeniedError} when the message is sealed to another agent, or not signed by the phone of the vault
   * @throws {IntegrityError} when its signature does not hold
   */
  async keep(message: Uint8Array): Promise<void> {
    const { vault, content } = await this.#fromPhone(async ({ identity }) => {
      const { link, signer } = await openKeepLink(message, identity)
      return { content: link, signer }
    })
    const { link, envelope, ...half } = content
    const { register } = vault.secrets
    const kept = { ...half, register, envelope: envelope.bytes }
    if (!(await this.#context.tables.links.add(link, kept))) {
      throw new AlreadyExistsError("the keeper has or had a link of this id: make a new link")
    }
  }

  /**
   * Wipes the half of a link; throws as {@link keep}.
   * @throws {NotFoundError} when there is none of this vault
   */
  async drop(message: Uint8Array): Promise<void> {
    const { vault, content } = await this.#fromPhone(async ({ identity }) => {
      const { linkId, signer } = await openDropLink(message, identity)
      return { content: linkId, signer }
    })
    if (!(await this.#context.tables.links.drop(content, vault.secrets.register))) {
      throw new NotFoundError("the keeper keeps no such link")
    }
  }

  /**
   * Answers a viewer who brings a proof. A request that does not open costs no try.
   * @returns undefined when there is no such link, or not any more
   * @throws {AccessDeniedError} when the request is sealed to another keeper or for another link
   */
  async half(
    link: Uint8Array,
    request: KeeperMessage,
  ): Promise<Guessed<KeeperMessage> | undefined> {
    const half = await this.#alive(link)
    const vault = half && this.#vaults.find(half.register)
    if (!vault) return undefined
    const { proof, viewer } = await openKeeperRequest(link, vault.identity, request)
    const guessed = await this.#guess(link, async () => proof)
    if (!guessed || "remaining" in guessed) return guessed
    return { granted: await sealKeeperAnswer(link, viewer, guessed.granted.h) }
  }

  /**
   * Gives the file of a link to a plain reader who brings the passcode.
   * @returns the compact JWE; undefined when there is no such link, or not any more
   */
  async file(link: Uint8Array, passcode: string): Promise<Guessed<string> | undefined> {
    const guessed = await this.#guess(link, () =>
      this.#turns.take(STRETCHING, () => passcodeProof(passcode, link)),
    )
    if (!guessed || "remaining" in guessed) return guessed
    return { granted: guessed.granted.jwe }
  }

  async #guess(
    link: Uint8Array,
    prove: () => Promise<Uint8Array>,
  ): Promise<Guessed<KeptHalf> | undefined> {
    const { links } = this.#context.tables
    return await this.#turns.take(link, async () => {
      const half = await this.#alive(link)
      const spent = half && (await links.spend(link, this.#context.clock.now()))
      if (!half || !spent) return undefined
      const isRight = equalConstantTime(proofHash(await prove()), half.proofHash)
      if (isRight) await links.restore(link, spent)
      else if (spent.remaining === 0) await links.drop(link, half.register)
      return isRight ? { granted: half } : { remaining: spent.remaining }
    })
  }

  /** The half, unless its time is over. */
  async #alive(link: Uint8Array): Promise<KeptHalf | undefined> {
    const half = await this.#context.tables.links.find(link)
    if (half && half.until !== 0 && half.until <= this.#context.clock.now()) return undefined
    return half
  }

  /** Opens a message with the key of the vault that it is sealed to, and asks that this vault's phone signed it. */
  async #fromPhone<T>(
    open: (vault: AgentVault) => Promise<{ readonly content: T; readonly signer: Uint8Array }>,
  ): Promise<{ readonly vault: AgentVault; readonly content: T }> {
    for (const vault of this.#vaults.all()) {
      const opened = await open(vault).catch((error: unknown) => {
        if (error instanceof AccessDeniedError) return undefined
        throw error
      })
      if (!opened) continue
      if (!equalConstantTime(opened.signer, vault.secrets.phone)) {
        throw new AccessDeniedError("the message is not signed by the phone of this vault")
      }
      return { vault, content: opened.content }
    }
    throw new AccessDeniedError("the message is sealed to another agent")
  }
}
