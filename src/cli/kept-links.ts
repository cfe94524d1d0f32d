/**
 * Which links this home has made: what is needed to end one, and nothing that opens it.
 *
 * @module
 */
import { z } from "zod"
import type { Home } from "../host/home.ts"
import { JsonFiles } from "../host/json-files.ts"

const schema = z.strictObject({
  id: z.string(),
  server: z.url(),
  envelope: z.string(),
  label: z.string(),
  until: z.int().nonnegative(),
  offline: z.boolean(),
  /** Names of the records shared. */
  records: z.array(z.string()),
})

/** A link that this home made. */
export type MadeLinkNote = z.infer<typeof schema>

/** The notes of a home. */
export function linkNotes(home: Home): JsonFiles<MadeLinkNote> {
  return new JsonFiles(home.path("state", "links"), (value) => schema.parse(value))
}
