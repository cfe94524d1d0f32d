/**
 * The patient's agent as one object: what it does, without how it is reached.
 *
 *     hand-over · query · deposit · submit · cosign · links          every minute: settle drafts, forget old epochs
 *
 * @module
 */
import type { AgentPort, HpkeMessage, RegisterAct } from "../lake/ports.ts"
import { adopt } from "./adopt.ts"
import { AgentVaults } from "./agent-vault.ts"
import { cosign } from "./cosign.ts"
import { Keeper } from "./keeper.ts"
import { forgetOldEpochs, takeHandOver } from "./pairing.ts"
import type { AgentContext, OpenStores } from "./ports.ts"
import { answerQuery } from "./query.ts"
import type { AgentSecrets } from "./secrets.ts"
import { resumeDrafts } from "./settle.ts"
import { submit } from "./submit.ts"
import { Turns } from "./turns.ts"

/** What anybody may know of an agent. */
export interface AgentStatus {
  readonly v: 1
  readonly vaults: number
  /** Links that can still be opened. */
  readonly links: number
  /** Submitted drafts that are not final yet. */
  readonly drafts: number
}

/** See the module. */
export class PatientAgent implements AgentPort {
  readonly #context: AgentContext
  readonly #vaults: AgentVaults
  readonly #turns = new Turns()
  /** The keeper of this patient's links. */
  readonly keeper: Keeper

  private constructor(context: AgentContext, vaults: AgentVaults) {
    this.#context = context
    this.#vaults = vaults
    this.keeper = new Keeper(context, vaults)
  }

  /** Unlocks the vaults in the keyring. */
  static async open(
    context: AgentContext,
    secrets: AgentSecrets,
    openStores: OpenStores,
  ): Promise<PatientAgent> {
    const network = await context.ledger.network()
    return new PatientAgent(context, await AgentVaults.load(secrets, openStores, network))
  }

  async pairingKey(): Promise<Uint8Array> {
    return this.#vaults.pairingKey
  }

  /** See {@link takeHandOver}. */
  async handOver(message: Uint8Array, signal?: AbortSignal): Promise<void> {
    await takeHandOver(this.#context, this.#vaults, this.#turns, message, signal)
  }

  /** See {@link answerQuery}. */
  query(message: Uint8Array, signal?: AbortSignal): Promise<HpkeMessage> {
    return answerQuery(this.#context, this.#vaults, message, signal)
  }

  /** See {@link adopt}. */
  deposit(messages: readonly Uint8Array[], signal?: AbortSignal): Promise<HpkeMessage> {
    return adopt(this.#context, this.#vaults, this.#turns, messages, signal)
  }

  /** See {@link submit}. */
  submit(aggregate: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    return submit(this.#context, this.#vaults, this.#turns, aggregate, signal)
  }

  /** See {@link cosign}. */
  cosign(act: RegisterAct, signal?: AbortSignal): Promise<Uint8Array> {
    return cosign(this.#context, this.#vaults, this.#turns, act, signal)
  }

  /** See {@link Keeper.keep}. */
  keepLink(message: Uint8Array): Promise<void> {
    return this.keeper.keep(message)
  }

  /** See {@link Keeper.drop}. */
  dropLink(message: Uint8Array): Promise<void> {
    return this.keeper.drop(message)
  }

  async status(): Promise<AgentStatus> {
    const { links, drafts } = this.#context.tables
    return {
      v: 1,
      vaults: this.#vaults.all().length,
      links: await links.count(),
      drafts: (await drafts.unsettled()).length,
    }
  }

  /** What is done every now and then: announces what got lost, notes what became final, forgets epochs that ended. */
  async tend(signal?: AbortSignal): Promise<void> {
    await resumeDrafts(this.#context, this.#vaults, signal)
    for (const { secrets } of this.#vaults.all()) {
      await forgetOldEpochs(this.#context, this.#vaults, this.#turns, secrets.register, signal)
    }
  }

  /** Closes the vaults' stores; the tables are whose opened them. */
  async close(): Promise<void> {
    await this.#vaults.close()
  }
}
