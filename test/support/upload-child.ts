/**
 * A hospital's process that uploads files and, where it is told to, is killed at its n-th call of a port.
 *
 *     MEDLAKE_CHILD='{node, agent, lake, control, outbox, seed, root, card, files[], killAt}' tsx upload-child.ts
 *
 * Prints the calls, one a line; nothing of the patient is in them.
 *
 * @module
 */
import { writeSync } from "node:fs"
import { fromHex } from "../../src/base/bytes.ts"
import { systemClock } from "../../src/base/clock.ts"
import { systemRandom } from "../../src/base/random.ts"
import { WebSegmentCipher } from "../../src/crypto/segment-cipher-web.ts"
import { fileSource } from "../../src/host/file-source.ts"
import { OutboxFiles } from "../../src/host/outbox-files.ts"
import { HttpAgent } from "../../src/lake/http-agent.ts"
import { identityOf } from "../../src/lake/identity.ts"
import { upload } from "../../src/lake/upload.ts"
import { openWriterVault } from "../../src/lake/writer-vault.ts"
import { HttpSymbolNode } from "../../src/ledger/http-node.ts"
import { SymbolLedger } from "../../src/ledger/index.ts"
import { parseVaultCard } from "../../src/vault/card.ts"
import { HttpBlobStore } from "../../storage/http.ts"
import { tracedAgent, tracedOutbox, tracedStore } from "./traced-ports.ts"

/** What the child is told; bytes are hex. */
export interface UploadChild {
  readonly node: string
  readonly agent: string
  readonly lake: string
  readonly control: string
  readonly outbox: string
  readonly seed: string
  readonly root: string
  readonly card: string
  readonly files: readonly string[]
  /** Number of the call before which it is killed, from 1; 0 lets it finish. */
  readonly killAt: number
}

const DEVNET_BYTE = 0x98
const told = JSON.parse(process.env["MEDLAKE_CHILD"] ?? "{}") as UploadChild
const context = {
  ledger: new SymbolLedger({ node: new HttpSymbolNode(told.node), clock: systemClock }),
  clock: systemClock,
  random: systemRandom,
  cipher: new WebSegmentCipher(),
}
let calls = 0
const at = (call: string) => {
  calls += 1
  if (calls === told.killAt) process.kill(process.pid, "SIGKILL")
  writeSync(1, `${call}\n`)
}
const writer = identityOf(fromHex(told.seed), DEVNET_BYTE)
const control = new HttpBlobStore({ url: told.control })
const vault = await openWriterVault(context, control, writer, parseVaultCard(fromHex(told.card)))
const outbox = new OutboxFiles(told.outbox, fromHex(told.root), systemRandom, systemClock)
const files = []
for (const name of told.files) files.push({ name, source: await fileSource(name) })
await upload(
  context,
  {
    vault,
    writer,
    agent: tracedAgent(new HttpAgent(told.agent), at),
    stores: {
      lake: tracedStore("lake", new HttpBlobStore({ url: told.lake }), at),
      control: tracedStore("control", control, at),
    },
    outbox: tracedOutbox(outbox, at),
    reopen: fileSource,
    zone: "+00:00",
  },
  files,
)
at("end")
