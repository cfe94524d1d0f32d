/** Numbers as people type them, and ports that may be taken. @module */
import { AccessDeniedError, AlreadyExistsError, InvalidInputError } from "../base/errors.ts"

/**
 * A whole number from 0 to `most`, typed as the value of an option.
 * @throws {InvalidInputError} when it is none
 */
export function parseWhole(text: string, option: string, most: number): number {
  const value = Number(text)
  if (/^\d{1,15}$/.test(text) && value <= most) return value
  throw new InvalidInputError(`${option} takes a whole number from 0 to ${most}, not "${text}"`)
}

/** A TCP port; 0 is a free one. Throws as {@link parseWhole}. */
export function parsePort(text: string, option = "--port"): number {
  return parseWhole(text, option, 65_535)
}

/**
 * Starts what listens on a port.
 * @throws {AlreadyExistsError} when another program has the port
 * @throws {AccessDeniedError} when this user may not take it
 */
export async function listening<T>(port: number, start: (port: number) => Promise<T>): Promise<T> {
  try {
    return await start(port)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === "EADDRINUSE") {
      throw new AlreadyExistsError(
        `port ${port} is taken: end the program that has it, or choose another`,
        { cause },
      )
    }
    if (code === "EACCES") {
      throw new AccessDeniedError(`no right to listen on port ${port}: choose one above 1023`, {
        cause,
      })
    }
    throw cause
  }
}
