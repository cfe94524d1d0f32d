/** `medlake verify`: proofs, signatures and every leaf. @module */
import type { Command } from "commander"
import { IntegrityError } from "../base/errors.ts"
import { chooseRecords } from "../lake/record-choice.ts"
import { isWhole, type Verified, verifyRecords } from "../lake/verify.ts"
import { warnOfChain } from "./list.ts"
import { formatBytes, formatCount } from "./output.ts"
import { Party } from "./party.ts"
import { openReading } from "./reading.ts"

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .argument("[records...]", "names of records, or their beginnings; all when left out")
    .option("--category <category>", "which vault, when several are pinned here")
    .addHelpText("after", "\nExample:\n  medlake --home phone verify")
    .action(async (names: string[], { category }: { category?: string }, command: Command) => {
      await Party.run(command, ["patient", "institution", "reader"], async (party) => {
        const { stores, records } = await openReading(party, category)
        const found = await records()
        warnOfChain(party, found)
        const chosen = chooseRecords(found, names)
        const bar = party.output.progress()
        const total = chosen.length
        let done = 0
        let bytes = 0
        const onRecord = () => bar.report({ phase: "verify", done: ++done, total })
        const onBytes = (count: number) => {
          bytes += count
        }
        bar.report({ phase: "verify", done, total })
        const verified = await verifyRecords(
          party.context(),
          stores.lake,
          chosen,
          found.finalizedHeight,
          { onBytes, onRecord },
        ).finally(bar.stop)
        const { balanced, height, finalizedHeight } = found
        const result = { records: verified, balanced, metadata: true, height, finalizedHeight }
        party.output.result(result, () => print(party, verified, found.balanced, bytes))
        const faults = verified.flatMap((one) => one.faults)
        if (faults.length > 0 || !balanced) {
          throw new IntegrityError(
            faults.length > 0
              ? `${faults.length} blobs are absent or broken: restore them from a copy of the lake`
              : "the register's proven balance is not what the transfers say",
          )
        }
      })
    })
}

function print({ output }: Party, verified: readonly Verified[], balanced: boolean, bytes: number) {
  for (const one of verified) {
    output.line(`${isWhole(one) ? "ok  " : "--  "}${one.name}`)
    const chain = `${one.merkle ? "merkle path proven" : "NO MERKLE PATH"} at height ${one.height}${one.final ? ", final" : ", not final yet"}`
    const manifest = one.manifest ? "manifest signature holds" : "manifest not opened"
    output.line(`    ${one.standing}; ${chain}; ${manifest}; ${one.leaves} leaves read`)
    for (const line of [...one.reasons, ...one.faults]) output.line(`    ${line}`)
  }
  const whole = verified.filter(isWhole).length
  output.line(
    `${whole} of ${formatCount(verified.length, "record")} whole (${formatBytes(bytes)} of ciphertext read); newest announcement proven by the register's metadata; balance of data mosaics ${balanced ? "proven" : "NOT WHAT THE TRANSFERS SAY"}`,
  )
}
