/**
 * One page of a listing over HTTP: `{"keys": [{"key", "size"}, …], "next"?}`.
 *
 * @module
 */
import { z } from "zod"
import { IntegrityError, StorageUnavailableError } from "../src/base/errors.ts"

const pageSchema = z.object({
  keys: z.array(z.object({ key: z.string(), size: z.int().nonnegative() })),
  next: z.string().min(1).optional(),
})

/** Keys with their sizes in bytes, and where the next page begins. */
export type Page = Readonly<z.infer<typeof pageSchema>>

/**
 * Reads the page in an answer of the store at `url`.
 * @throws {IntegrityError} the answer is not a page
 * @throws {StorageUnavailableError} the answer broke off
 */
export async function readPage(answer: Response, url: string): Promise<Page> {
  const text = await answer.text().catch((cause: unknown) => {
    throw new StorageUnavailableError(`the list of ${url} broke off: try again`, { cause })
  })
  try {
    return pageSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new IntegrityError(`${url} does not answer with a list of keys: is it a medlake store?`, {
      cause,
    })
  }
}
