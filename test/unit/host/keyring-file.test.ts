import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { utf8 } from "../../../src/base/bytes.ts"
import { decodeDagCbor, encodeDagCbor } from "../../../src/base/dag-cbor.ts"
import { MedlakeError } from "../../../src/base/errors.ts"
import { systemRandom } from "../../../src/base/random.ts"
import { ARGON2ID_WRITTEN, argon2id } from "../../../src/crypto/argon2id.ts"
import { seal } from "../../../src/crypto/seal.ts"
import { KeyringFile, passphraseFrom } from "../../../src/host/keyring-file.ts"
import { rejection } from "../../support/blobs.ts"

const PASSPHRASE = "correct horse"
const CHEAP = { memoryKiB: 8, passes: 1, lanes: 1 }
const SEED = Uint8Array.from({ length: 32 }, (_, i) => 200 - i)

describe("KeyringFile", () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "medlake-keyring-"))
    path = join(folder, "home", "keyring.cbor")
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))
  const unlock = (passphrase = PASSPHRASE) => KeyringFile.unlock(path, passphrase, systemRandom)

  /** A keyring as the file format has it, of parameters that cost nothing. */
  async function writeCheap(
    changes: Record<string, unknown> = {},
    entries: object = { root: SEED },
  ) {
    const salt = systemRandom(16)
    const sealSalt = systemRandom(32)
    const key = await argon2id(utf8(PASSPHRASE), salt, CHEAP)
    const box = seal(key, "keyring", null, sealSalt, encodeDagCbor(entries))
    const file = { v: 1, kind: "keyring", salt, ...CHEAP, sealSalt, box, ...changes }
    await (await KeyringFile.create(path, "x", systemRandom)).remove("none")
    await writeFile(path, encodeDagCbor(file))
  }

  it("keeps entries under the passphrase, for its owner alone, and no byte of them in clear", async () => {
    const made = await KeyringFile.create(path, PASSPHRASE, systemRandom, { root: SEED })
    await made.put("phone/aabb", SEED.toReversed())
    const found = await unlock()
    expect(found.names()).toEqual(["phone/aabb", "root"])
    expect(Buffer.compare(found.get("root"), SEED)).toBe(0)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, "home"))).mode & 0o777).toBe(0o700)
    expect(await readdir(join(folder, "home"))).toEqual(["keyring.cbor"])
    const bytes = await readFile(path)
    for (const plain of [SEED, SEED.toReversed(), utf8("phone"), utf8("root")]) {
      expect(bytes.includes(Buffer.from(plain))).toBe(false)
    }
    expect(decodeDagCbor(bytes)).toMatchObject(ARGON2ID_WRITTEN)
  })

  it("takes a passphrase in whatever composition it is typed", async () => {
    await KeyringFile.create(path, "Gr\u00fc\u00dfe", systemRandom, { root: SEED })
    expect((await unlock("Gru\u0308\u00dfe")).names()).toEqual(["root"])
  })

  it("refuses another passphrase, and tells nothing of what it holds", async () => {
    await writeCheap()
    for (const wrong of ["correct horse ", "Correct horse", ""]) {
      const failure = await rejection(unlock(wrong))
      expect(failure).toMatchObject({ code: "access_denied" })
      expect(failure.message).not.toContain("root")
    }
  })

  it("refuses an empty passphrase for a new one, and makes no file", async () => {
    const failure = await rejection(KeyringFile.create(path, "", systemRandom))
    expect(failure).toMatchObject({ code: "invalid_input" })
    expect(await rejection(stat(path))).toMatchObject({ code: "ENOENT" })
  })

  it("says what it lacks", async () => {
    expect(await rejection(unlock())).toMatchObject({ code: "not_found" })
    await writeCheap()
    const keyring = await unlock()
    expect(() => keyring.get("phone")).toThrow(/holds no "phone"/)
  })

  it("opens with no byte changed, whichever, and says so by kind", async () => {
    await writeCheap()
    const bytes = await readFile(path)
    const codes = new Set<string>()
    for (let at = 0; at < bytes.length; at += 3) {
      await writeFile(
        path,
        bytes.map((byte, i) => (i === at ? byte ^ 0x10 : byte)),
      )
      const failure = await rejection(unlock())
      expect(failure).toBeInstanceOf(MedlakeError)
      codes.add((failure as MedlakeError).code)
    }
    expect(codes.size).toBeGreaterThanOrEqual(3)
    await writeFile(path, bytes)
    expect((await unlock()).names()).toEqual(["root"])
  })

  it("opens at no length but its own", async () => {
    await writeCheap()
    const bytes = await readFile(path)
    for (const length of [0, 1, 20, bytes.length >> 1, bytes.length - 1]) {
      await writeFile(path, bytes.subarray(0, length))
      const failure = await rejection(unlock())
      expect(failure).toMatchObject({ code: "integrity_failed" })
      expect(failure.message).toContain(path)
    }
    await writeFile(path, Buffer.concat([bytes, Buffer.from([0])]))
    expect(await rejection(unlock())).toMatchObject({ code: "integrity_failed" })
  })

  it.for<[string, object, string]>([
    ["another version", { v: 2 }, "unsupported"],
    ["another kind", { kind: "outbox" }, "unsupported"],
    ["one more field", { more: 1 }, "unsupported"],
    ["more memory than 256 MiB", { memoryKiB: 262_145 }, "invalid_input"],
    ["more passes than 10", { passes: 11 }, "invalid_input"],
    ["more lanes than 4", { lanes: 5 }, "invalid_input"],
    ["no passes", { passes: 0 }, "invalid_input"],
    ["a short salt", { salt: new Uint8Array(15) }, "invalid_input"],
  ])("refuses a file of %s before anything is run", async ([, changes, code]) => {
    await writeCheap(changes as Record<string, unknown>)
    expect(await rejection(unlock())).toMatchObject({ code })
  })

  it("refuses entries that are no secrets", async () => {
    await writeCheap({}, { root: "text" })
    expect(await rejection(unlock())).toMatchObject({ code: "integrity_failed" })
  })

  it("is made once, whoever else makes it at the same time", async () => {
    const made = await Promise.allSettled(
      [1, 2, 3].map((n) =>
        KeyringFile.create(path, PASSPHRASE, systemRandom, { root: SEED.map((byte) => byte ^ n) }),
      ),
    )
    const failed = made.filter((one) => one.status === "rejected")
    expect(failed).toHaveLength(2)
    for (const { reason } of failed) expect(reason).toMatchObject({ code: "already_exists" })
    const winner = made.find((one) => one.status === "fulfilled")
    expect(Buffer.compare((await unlock()).get("root"), winner?.value.get("root") ?? SEED)).toBe(0)
    expect(await readdir(join(folder, "home"))).toEqual(["keyring.cbor"])
  })

  it("loses nothing that two processes put at the same time", async () => {
    await writeCheap()
    const processes = [await unlock(), await unlock(), await unlock()]
    await Promise.all(processes.map((one, i) => one.put(`phone/${i}`, SEED)))
    await processes[0]?.remove("phone/1")
    expect((await unlock()).names()).toEqual(["phone/0", "phone/2", "root"])
    expect(await readdir(join(folder, "home"))).toEqual(["keyring.cbor"])
  })

  it("takes over what a killed process locked", async () => {
    await writeCheap()
    await writeFile(`${path}.lock`, "")
    await utimes(`${path}.lock`, 1, 1)
    const keyring = await unlock()
    await keyring.put("phone", SEED)
    expect((await unlock()).names()).toEqual(["phone", "root"])
    expect(await readdir(join(folder, "home"))).toEqual(["keyring.cbor"])
  })
})

describe("passphraseFrom", () => {
  it.for([
    ["secret\n", "secret"],
    ["secret\r\n", "secret"],
    ["secret", "secret"],
    [" two words \n", " two words "],
    ["two\nlines\n", "two\nlines"],
    ["\n\n", "\n"],
  ])("takes the line break at the end off, and nothing else: %j", ([text, passphrase]) => {
    expect(passphraseFrom(utf8(text ?? ""))).toBe(passphrase)
  })
})
