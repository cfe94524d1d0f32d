/**
 * Where a party lives and whom it talks to: environment over file, parsed once, frozen.
 *
 * @module
 */
import { z } from "zod"
import { InvalidInputError, UnsupportedError } from "./base/errors.ts"

/** Who a home folder belongs to. */
export const ROLES = ["patient", "agent", "institution", "reader"] as const
export type Role = (typeof ROLES)[number]

const list = z.array(z.string().min(1)).default([])

/** `config.json` of a home folder. Holds no secret. */
const fileSchema = z.strictObject({
  version: z.literal(1).default(1),
  role: z.enum(ROLES).optional(),
  /** Name that goes into the card, of an institution or practitioner. */
  name: z.string().max(200).optional(),
  /** REST address of a Symbol node. */
  node: z.url().optional(),
  /** Generation hash of the pinned network, hex. */
  network: z
    .string()
    .regex(/^[0-9A-Fa-f]{64}$/)
    .optional(),
  lake: list,
  control: list,
  /** Offset of studies without Timezone Offset From UTC, e.g. `+02:00`. */
  zone: z
    .string()
    .regex(/^[+-]\d\d:\d\d$/)
    .default("+00:00"),
  /** REST address under which the agent is reached. */
  agent: z.url().optional(),
})

/** What a home folder's `config.json` says, with the environment over it. */
export type Config = Readonly<z.infer<typeof fileSchema>>

/** Fields that `init` may set; the rest take their defaults. */
export type ConfigInput = z.input<typeof fileSchema>

/**
 * Reads a configuration: the JSON of `config.json` (an empty object for a new home) under the environment's
 * `MEDLAKE_NODE`, `MEDLAKE_LAKE`, `MEDLAKE_CONTROL` (comma separated) and `MEDLAKE_ZONE`.
 * @throws {UnsupportedError} when it has another version
 * @throws {InvalidInputError} naming the field that is wrong
 */
export function parseConfig(file: unknown, environment: NodeJS.ProcessEnv = {}): Config {
  const merged = {
    ...(typeof file === "object" && file !== null ? file : {}),
    ...given("node", environment["MEDLAKE_NODE"]),
    ...given("lake", environment["MEDLAKE_LAKE"]?.split(",")),
    ...given("control", environment["MEDLAKE_CONTROL"]?.split(",")),
    ...given("zone", environment["MEDLAKE_ZONE"]),
  }
  const { version = 1 } = merged as { version?: unknown }
  if (version !== 1) {
    throw new UnsupportedError(
      `config.json has version ${String(version)}, this program knows version 1: update medlake`,
    )
  }
  const parsed = fileSchema.safeParse(merged)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new InvalidInputError(
      `the configuration is wrong at "${issue?.path.join(".") ?? "?"}": ${issue?.message ?? "unreadable"}`,
    )
  }
  return Object.freeze(parsed.data)
}

function given<T>(field: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [field]: value }
}
