"""Tink's own streaming AEAD over files: AES256_GCM_HKDF_1MB, raw prefix, the key given.

In:  one JSON list of {"do": "seal" | "open", "dek": hex, "aad": hex, "from": path, "to": path} on standard input
Out: one JSON list of {"bytes": n} or {"refused": why} on standard output, in the same order
"""

import io
import json
import sys

import tink
from tink import proto_keyset_format, secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

TYPE_URL = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"
SEGMENT = 1 << 20


def primitive(dek):
    params = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=SEGMENT,
        derived_key_size=32,
        hkdf_hash_type=common_pb2.SHA256,
    )
    key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(version=0, params=params, key_value=dek)
    data = tink_pb2.KeyData(
        type_url=TYPE_URL,
        value=key.SerializeToString(),
        key_material_type=tink_pb2.KeyData.SYMMETRIC,
    )
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.add(
        key_data=data,
        status=tink_pb2.ENABLED,
        key_id=1,
        output_prefix_type=tink_pb2.RAW,
    )
    handle = proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return handle.primitive(streaming_aead.StreamingAead)


class Kept(io.BytesIO):
    """Tink closes what it writes to; the bytes are wanted after that."""

    def close(self):
        self.kept = self.getvalue()
        super().close()


def seal(aead, plaintext, aad):
    kept = Kept()
    with aead.new_encrypting_stream(kept, aad) as stream:
        stream.write(plaintext)
    return kept.kept


def run(job):
    aead = primitive(bytes.fromhex(job["dek"]))
    aad = bytes.fromhex(job["aad"])
    with open(job["from"], "rb") as file:
        given = file.read()
    try:
        if job["do"] == "seal":
            result = seal(aead, given, aad)
        else:
            result = aead.new_decrypting_stream(io.BytesIO(given), aad).read()
    except tink.TinkError as refusal:
        return {"refused": str(refusal)}
    with open(job["to"], "wb") as file:
        file.write(result)
    return {"bytes": len(result)}


streaming_aead.register()
json.dump([run(job) for job in json.load(sys.stdin)], sys.stdout)
