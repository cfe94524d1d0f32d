/** `medlake create`: a vault on chain, and its agent paired. @module */
import type { Command } from "commander"
import { hex } from "../base/bytes.ts"
import { AccessDeniedError, InvalidInputError } from "../base/errors.ts"
import { authorizeAs, openStores } from "../compose.ts"
import { formatAddress } from "../crypto/address.ts"
import { writeFileDurably } from "../host/files.ts"
import { create } from "../lake/create.ts"
import { XYM } from "../lake/fund.ts"
import { HttpAgent } from "../lake/http-agent.ts"
import { checkWords } from "../vault/accounts.ts"
import { fingerprintOf, isFingerprintOf } from "../vault/card.ts"
import { approvalVerifier } from "../vault/second-factor.ts"
import { Party, vaultPin } from "./party.ts"
import { readFactor } from "./patient.ts"
import { parseWhole } from "./port.ts"
import { readSecret } from "./secrets.ts"

interface Options {
  readonly agent: string
  readonly agentKey: string
  readonly words?: string
  readonly factorFile?: string
  readonly vault: string
  readonly out?: string
}

/** BIP-32 hardened indexes end there. */
const MOST_VAULTS = 2 ** 31 - 1

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .argument("<category>", "what the vault is for, e.g. imaging")
    .requiredOption("--agent <url>", "address of the patient's agent")
    .requiredOption("--agent-key <fingerprint>", "fingerprint that the agent's own init printed")
    .option("--words <file>", "file with the 24 words; typed when left out")
    .option(
      "--factor-file <file>",
      "file with the second factor that the agent will ask for; typed when left out",
    )
    .option("--vault <number>", "number of the vault of these words", "0")
    .option("--out <file>", "where the vault's card is written, to be given to institutions")
    .addHelpText(
      "after",
      "\nExample:\n  medlake --home phone create imaging --agent http://127.0.0.1:4600 --agent-key ABCD-… --words words.txt --out imaging.card",
    )
    .action(async (category: string, options: Options, command: Command) => {
      await Party.run(command, ["patient"], async (party) => {
        const vaultIndex = parseWhole(options.vault, "--vault", MOST_VAULTS)
        const context = party.context()
        const words = checkWords(await readSecret("24 words", options.words, "--words"))
        const factor = await readFactor(options.factorFile)
        const port = new HttpAgent(options.agent)
        const pairingKey = await port.pairingKey()
        if (!isFingerprintOf(options.agentKey, pairingKey)) {
          throw new AccessDeniedError(
            `the agent at that address has the fingerprint ${fingerprintOf(pairingKey)}, not the one given: it is another agent`,
          )
        }
        const { lake, control, node } = party.config
        if (!node || ![...lake, ...control].every((one) => /^https?:/.test(one))) {
          throw new InvalidInputError(
            "a vault's card names stores that others reach: configure --lake and --control as http(s) addresses of medlake serve",
          )
        }
        const keyring = await party.keyring()
        const made = await create(context, {
          category,
          words,
          vaultIndex,
          agent: { url: options.agent, port, pairingKey },
          lake,
          control,
          nodes: [node],
          approval: await approvalVerifier(factor, context.random),
          openControl: async (writer, register) => {
            const stores = await openStores(
              { lake, control },
              authorizeAs(context.ledger, register, writer),
            )
            party.onClose(() => stores.close())
            return stores.control
          },
        })
        const { accounts, act, card } = made
        await keyring.put(`phone/${hex(accounts.register)}`, made.phoneSeed)
        await party.home.pin(vaultPin(accounts.id.register), card)
        if (options.out) await writeFileDurably(options.out, card)
        const result = {
          category,
          register: formatAddress(accounts.id.register),
          vault: formatAddress(accounts.id.vault),
          transaction: act.hash,
          height: act.height,
          fee: act.fee,
          bytes: act.size,
          card: options.out,
        }
        party.output.result(result, () => {
          party.output.line(`Vault "${category}" is on chain at height ${act.height}.`)
          party.output.line(`  register ${result.register}`)
          party.output.line(`  vault    ${result.vault}`)
          party.output.line(`  fee at most ${Number(act.fee) / Number(XYM)} XYM, ${act.size} bytes`)
          if (options.out) party.output.line(`  card     ${options.out}: give it to institutions`)
        })
      })
    })
}
