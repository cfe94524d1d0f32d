"""Opens a record of test/vectors by docs/FORMAT.md alone: epoch secret -> record message -> manifest -> blob -> files.

Nothing of medlake is used: the standard library and the package `cryptography`. Prints one line of JSON: how many cases were
computed anew, how many that must be refused were, and the SHA-256 of the files that came out. Usage: open-record.py test/vectors
"""

import base64
import hashlib
import hmac
import json
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MIB = 1 << 20


class Refused(Exception):
    """What a reader must refuse."""


class Cid(bytes):
    """36 bytes of a CIDv1."""


# --- canonical dag-cbor -------------------------------------------------------------------------------------------------
def head(major, n):
    for size, info in ((0, None), (1, 24), (2, 25), (4, 26), (8, 27)):
        if size == 0 and n < 24:
            return bytes([major << 5 | n])
        if size and n < 1 << 8 * size:
            return bytes([major << 5 | info]) + n.to_bytes(size, "big")
    raise Refused("too large")


def encode(v):
    if v is None or isinstance(v, bool):
        return {None: b"\xf6", False: b"\xf4", True: b"\xf5"}[v]
    if isinstance(v, Cid):
        return b"\xd8\x2a" + encode(bytes(b"\0" + v))
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, list):
        return head(4, len(v)) + b"".join(map(encode, v))
    keys = sorted(v, key=lambda k: (len(k.encode()), k.encode()))
    return head(5, len(v)) + b"".join(encode(k) + encode(v[k]) for k in keys)


def item(b, at):
    major, info, at = b[at] >> 5, b[at] & 31, at + 1
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
    n, at = (int.from_bytes(b[at : at + size], "big") if size else info), at + size
    if major in (0, 1):
        return (n if major == 0 else -1 - n), at
    if major in (2, 3):
        raw = b[at : at + n]
        return (raw if major == 2 else raw.decode()), at + n
    if major == 6:
        raw, at = item(b, at)
        return Cid(raw[1:]), at
    if major == 7:
        return {20: False, 21: True, 22: None}[info], at
    out = []
    for _ in range(n * (2 if major == 5 else 1)):
        one, at = item(b, at)
        out.append(one)
    return (out if major == 4 else dict(zip(out[::2], out[1::2]))), at


def decode(b, padded=False):
    value, end = item(b, 0)
    if encode(value) != b[:end] or (any(b[end:]) if padded else end != len(b)):
        raise Refused("not canonical")
    return value


# --- section 1 ----------------------------------------------------------------------------------------------------------
def mac(key, data):
    return hmac.digest(key, data, "sha256")


def expand(prk, info, length):
    out = block = b""
    while len(out) < length:
        block = mac(prk, block + info + bytes([len(out) // 32 + 1]))
        out += block
    return out[:length]


def hkdf(ikm, salt, info, length):
    return expand(mac(salt or bytes(32), ikm), info, length)


def kdf(key, label, ctx):
    return hkdf(key, b"", encode(["medlake/v1/" + label, ctx]), 32)


def opener(key, label, ctx, salt):
    return hkdf(key, salt, encode(["medlake/v1/" + label, ctx]), 76)


def unseal(key, label, ctx, salt, box):
    okm = opener(key, label, ctx, salt)
    if len(box) < 48 or not hmac.compare_digest(okm[44:], box[:32]):
        raise Refused("another key")
    try:
        return AESGCM(okm[:32]).decrypt(okm[32:44], box[32:], None)
    except InvalidTag as error:
        raise Refused("changed") from error


def verify(purpose, ctx, body, key, signature):
    message = b"medlake/v1/" + purpose.encode() + b"\0" + encode(ctx) + body
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise Refused("signature") from error
    return True


def epoch_keys(vault, epoch, secret):
    ctx = [vault["network"], vault["register"], vault["vault"], epoch]
    index = kdf(secret, "index", ctx)
    locate = kdf(index, "locate", ctx)
    roots = {"listRoot": kdf(secret, "list", ctx), "readRoot": kdf(secret, "read", ctx)}
    return {"epoch": epoch, "index": index, "locate": locate, **roots, "commit": kdf(locate, "commit", ctx)}


def slot_key(slot, purpose, ctx, root=None, nodes=()):
    for node in [bytes(5) + root] if root else nodes:
        depth, prefix, key = node[0], int.from_bytes(node[1:5], "big"), node[5:]
        if prefix <= slot < prefix + (1 << 29 - depth):
            for level in range(depth, 29):
                key = mac(key, bytes([slot >> 28 - level & 1]))
            return expand(key, encode([f"medlake/v1/{purpose}-slot", ctx]), 32)
    raise Refused("no node holds the slot")


# --- sections 2, 3 and 5 ------------------------------------------------------------------------------------------------
def padme(n):
    if n < 2:
        return n
    step = 1 << (n.bit_length() - 1) - (n.bit_length() - 1).bit_length()
    return -(-n // step) * step


def read_blob(sealed, blob):
    leaves = [sealed[i : i + MIB] for i in range(0, len(sealed), MIB)]
    if b"".join(hashlib.sha256(leaf).digest() for leaf in leaves) != blob["leaves"]:
        raise Refused("leaf")
    if hkdf(blob["dek"], b"", b"medlake/v1/commit", 32) != blob["commit"] or sealed[0] != 40:
        raise Refused("commit or header")
    key = hkdf(blob["dek"], sealed[1:33], encode(["medlake/v1/blob", blob["kind"], blob["id"]]), 32)
    plain = b""
    for i, leaf in enumerate(leaves):
        nonce = sealed[33:40] + i.to_bytes(4, "big") + bytes([i == len(leaves) - 1])
        try:
            plain += AESGCM(key).decrypt(nonce, leaf[40:] if i == 0 else leaf, None)
        except InvalidTag as error:
            raise Refused("segment") from error
    if len(plain) != padme(blob["length"]) or any(plain[blob["length"] :]):
        raise Refused("padding")
    return plain[: blob["length"]]


def read_manifest(sealed, vault, record_key):
    outer = decode(sealed)
    ctx0 = [vault["network"], vault["register"], vault["vault"], 0]
    body, signature = decode(unseal(record_key, "manifest", ctx0, outer["salt"], outer["box"]), padded=True)
    manifest = decode(body)
    verify("manifest", ctx0, body, manifest["writer"], signature)
    return manifest


def read_message(message, vault, secret):
    if len(message) != 384 or message[:4] != b"ML\0\1":
        raise Refused("no record message")
    epoch, salt = int.from_bytes(message[4:8], "big"), message[8:40]
    ctx = [vault["network"], vault["register"], vault["vault"], epoch]
    keys = epoch_keys(vault, epoch, secret)
    manifest, catalogue = decode(unseal(keys["locate"], "locate-box", ctx, salt, message[40:171]))
    slot, sealed = decode(unseal(keys["index"], "index-box", ctx, salt, message[171:]), padded=True)
    read = slot_key(slot, "read", ctx, root=keys["readRoot"])
    record_key = unseal(read, "record-key", ctx, salt, sealed)
    names = {"epoch": epoch, "manifest": manifest, "catalogue": catalogue}
    return {**names, "slot": slot, "recordKey": record_key}


# --- the vectors, as the last section says ---------------------------------------------------------------------------------
def from_json(v):
    if isinstance(v, list):
        return [from_json(one) for one in v]
    if not isinstance(v, dict):
        return v
    if "/" not in v:
        return {key: from_json(value) for key, value in v.items()}
    if isinstance(v["/"], str):
        text = v["/"][1:].upper()
        return Cid(base64.b32decode(text + "=" * (-len(text) % 8)))
    text = v["/"]["bytes"]
    return base64.b64decode(text + "=" * (-len(text) % 4))


def cases(folder, name):
    file = from_json(json.loads((folder / f"{name}.json").read_text()))
    known = []
    for case in file["cases"]:
        data = case.get("bytes")
        if "of" in case:
            data, at = b"", 0
            source = known[case["of"]] if case["of"] < len(known) else file["cases"][case["of"]]["bytes"]
            for start, cut, new in case["edit"]:
                data, at = data + source[at:start] + new, start + cut
            data += source[at:]
        known.append(data)
        yield case, data, {**file["with"], **case.get("with", {})}


READERS = {
    "kdf": lambda data, g: kdf(g["key"], g["label"], g["ctx"]),
    "opener": lambda data, g: opener(g["key"], g["label"], g["ctx"], g["salt"]),
    "seal": lambda data, g: unseal(g["key"], g["label"], g["ctx"], g["salt"], data),
    "signature": lambda data, g: verify(g["purpose"], g["ctx"], g["body"], g["key"], data),
    "epoch keys": lambda data, g: epoch_keys(g["vault"], g["epoch"], g["secret"]),
    "slot key": lambda data, g: slot_key(g["slot"], g["purpose"], g["ctx"], g.get("root"), g.get("nodes", ())),
}


def main(folder):
    computed = refused = 0
    for name in ("keys", "calendar"):
        for case, data, given in cases(folder, name):
            # What is malformed but not secret is the business of medlake's own parsers.
            if case["read"] not in READERS or case.get("error") == "InvalidInputError":
                continue
            try:
                found = READERS[case["read"]](data, given)
            except Refused:
                assert "error" in case, case["name"]
                refused += 1
                continue
            assert "error" not in case and found == case["reads"], case["name"]
            computed += 1
    first = {name: next(cases(folder, name)) for name in ("record-message", "manifest", "blob")}
    case, message, given = first["record-message"]
    record = read_message(message, given["vault"], given["secret"])
    assert record == case["reads"]
    case, sealed, given = first["manifest"]
    assert record["manifest"] == b"\x01\x55\x12\x20" + hashlib.sha256(sealed).digest()
    manifest = read_manifest(sealed, given["vault"], record["recordKey"])
    assert {"v": 1, **case["reads"]} == manifest
    blob = manifest["blobs"][0]
    stored = first["blob"][1]
    assert blob["cid"] == b"\x01\x55\x12\x20" + hashlib.sha256(stored).digest()
    content = read_blob(stored, blob)
    files = []
    for part in manifest["parts"]:
        data = content[part["offset"] : part["offset"] + part["length"]]
        assert hashlib.sha256(data).digest() == part["sha256"]
        files.append(part["sha256"].hex())
    print(json.dumps({"computed": computed, "refused": refused, "files": files}))


main(Path(sys.argv[1]))
