/**
 * The verbs of the command line: what each is for, and the module that makes a command that verb.
 *
 * @module
 */
import type { Command } from "commander"

/** One verb, one file. */
export interface VerbModule {
  /** Gives the command its arguments, options, examples and action. */
  define(verb: Command): void
}

/** Each is loaded when it is used, so that no verb waits for the others. */
export const VERBS: Readonly<
  Record<string, readonly [purpose: string, load: () => Promise<VerbModule>]>
> = {
  init: [
    "begin a home: of a patient, her agent, an institution or a reader",
    () => import("./init.ts"),
  ],
  create: [
    "create a vault: register, seats, vault, data mosaic and first announcement in one aggregate",
    () => import("./create.ts"),
  ],
  admit: [
    "admit an institution to a vault; looks at what it is given and does what is next",
    () => import("./admit.ts"),
  ],
  upload: [
    "upload studies of one patient: sealed, cosigned, anchored; writes a receipt",
    () => import("./upload.ts"),
  ],
  list: [
    "list the records of a vault, each with its standing; brings search.db up to date",
    () => import("./list.ts"),
  ],
  fetch: [
    "fetch instances into files, each verified before it stands under its name",
    () => import("./fetch.ts"),
  ],
  verify: [
    "verify records: merkle path, metadata and balance proofs, manifest signature, every leaf in the lake",
    () => import("./verify.ts"),
  ],
  grant: [
    "grant a reader the records of a time range, in one aggregate",
    () => import("./grant.ts"),
  ],
  link: [
    "share records by a SMART Health Link with a passcode; five wrong guesses end it",
    () => import("./link.ts"),
  ],
  revoke: [
    "revoke grants and seats (a new epoch, one aggregate), or end links; what was seen stays seen",
    () => import("./revoke.ts"),
  ],
  rebuild: [
    "rebuild search.db, pinned vaults and the phone's keys from chain, stores and the 24 words",
    () => import("./rebuild.ts"),
  ],
  status: [
    "show vaults, grants, links and uploads under way, and who can be reached",
    () => import("./status.ts"),
  ],
  agent: [
    "run the patient's agent: adopts deposits by rules.json, keeps links, cosigns",
    () => import("./agent.ts"),
  ],
  devnet: [
    "run an embedded ledger that speaks Symbol's REST and WebSocket API",
    () => import("./devnet.ts"),
  ],
  serve: [
    "serve a lake, a control store and links over HTTP; nobody has to trust this server",
    () => import("./serve.ts"),
  ],
}
