"""Reads the DICOM files named on standard input, a path a line, with pydicom; writes a line of JSON for each.

{"path", "json": DICOM JSON up to the pixel data, "dataSet": SHA-256 of the file behind group 2,
 "frames": SHA-256 of each frame's bytes} or {"path", "error"}
"""

import hashlib
import json
import sys
import warnings

import pydicom
from pydicom import config
from pydicom.encaps import generate_frames
from pydicom.filereader import _read_file_meta_info, read_preamble

PIXEL_DATA = 0x7FE00010
PIXELS = (PIXEL_DATA, 0x7FE00008, 0x7FE00009)
NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def data_set_digest(path):
    with open(path, "rb") as file:
        read_preamble(file, True)
        _read_file_meta_info(file)
        return sha256(file.read())


def frames(dataset, syntax):
    """Digests of the frames; None where pydicom can't tell them apart, or they are no whole bytes."""
    tag = next((tag for tag in PIXELS if tag in dataset), None)
    if tag is None:
        return []
    count = int(dataset.get("NumberOfFrames") or 1)
    data = dataset[tag].value
    if syntax not in NATIVE:
        return [sha256(frame) for frame in generate_frames(data, number_of_frames=count)]
    bits = dataset.Rows * dataset.Columns * dataset.get("SamplesPerPixel", 1) * dataset.BitsAllocated
    length = bits // 8
    if bits % 8 or len(data) < length * count:
        return None
    return [sha256(data[i * length : (i + 1) * length]) for i in range(count)]


def read(path):
    dataset = pydicom.dcmread(path, force=True)
    syntax = str(getattr(dataset.file_meta, "TransferSyntaxUID", ""))
    result = {"path": path, "dataSet": data_set_digest(path)}
    if syntax != "1.2.840.10008.1.2.1.99" and not syntax.startswith("1.2.840.10008.1.2.8"):
        try:
            result["frames"] = frames(dataset, syntax)
        except Exception as error:
            result["framesError"] = repr(error)
    for tag in [tag for tag in dataset.keys() if tag >= PIXEL_DATA]:
        del dataset[tag]
    result["json"] = dataset.to_json_dict(bulk_data_threshold=1 << 40)
    return result


def main():
    warnings.simplefilter("ignore")
    config.settings.reading_validation_mode = config.IGNORE
    for path in sys.stdin.read().splitlines():
        try:
            result = read(path)
        except Exception as error:
            result = {"path": path, "error": repr(error)}
        print(json.dumps(result))


main()
