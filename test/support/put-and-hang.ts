/**
 * A process that puts half of a value and then waits to be killed: `put-and-hang.ts FOLDER KEY`.
 *
 * @module
 */
import { FilesystemBlobStore } from "../../storage/filesystem.ts"
import { LEAF, never, patterned, sourceThen } from "./blobs.ts"

const [folder = "", key = ""] = process.argv.slice(2)
const store = await FilesystemBlobStore.open(folder)
// Keeps the process alive once nothing is under way.
setInterval(() => undefined, 1000)
const half = sourceThen(patterned(2 * LEAF), 3 * LEAF, () => {
  process.stdout.write("half\n")
  return never()
})
await store.put(key, half)
