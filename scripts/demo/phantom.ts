/**
 * A synthetic head CT, so that everything can be tried without a patient: the 3-D Shepp–Logan head, cut into axial slices.
 *
 * The same options give the same bytes and the same UIDs; other options give other UIDs. Nobody is shown: the patient is
 * "Phantom^Synthetic", and the descriptions say synthetic.
 *
 * Source: A. C. Kak, M. Slaney, Principles of Computerized Tomographic Imaging, §3.2 (ellipsoids); PS3.3 §A.3 (CT Image IOD);
 * PS3.10 §7 (file); PS3.5 §B.2 (UIDs under 2.25).
 *
 * @module
 */
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import dcmjs from "dcmjs"
import { hex, utf8 } from "../../src/base/bytes.ts"
import { sha256 } from "../../src/crypto/sha256.ts"

/** What is written. */
export interface PhantomOptions {
  /** Number of files, one slice each. */
  readonly slices: number
  /** `YYYYMMDD`; 20250114 when left out. */
  readonly studyDate?: string
  /** Another seed gives another study: other UIDs, other noise. */
  readonly seed?: number
  readonly patientId?: string
  /** Pixels of a slice; 512 × 512 when left out. */
  readonly rows?: number
  readonly columns?: number
}

/** `rise` of the density against what is around; half axes and centre in halves of the field of view; `turn` about z in degrees. */
interface Ellipsoid {
  readonly rise: number
  readonly axes: readonly [number, number, number]
  readonly centre: readonly [number, number, number]
  readonly turn: number
}

/** Water has density 1: the skull comes to 1000 Hounsfield units, the brain to 20, air is −1000. */
const HEAD: readonly Ellipsoid[] = [
  { rise: 2, axes: [0.69, 0.92, 0.9], centre: [0, 0, 0], turn: 0 },
  { rise: -0.98, axes: [0.6624, 0.874, 0.88], centre: [0, 0, 0], turn: 0 },
  { rise: -0.02, axes: [0.41, 0.16, 0.21], centre: [-0.22, 0, -0.25], turn: 108 },
  { rise: -0.02, axes: [0.31, 0.11, 0.22], centre: [0.22, 0, -0.25], turn: 72 },
  { rise: 0.02, axes: [0.21, 0.25, 0.5], centre: [0, 0.35, -0.25], turn: 0 },
  { rise: 0.02, axes: [0.046, 0.046, 0.046], centre: [0, 0.1, -0.25], turn: 0 },
  { rise: 0.01, axes: [0.046, 0.023, 0.02], centre: [-0.08, -0.65, -0.25], turn: 0 },
  { rise: 0.01, axes: [0.046, 0.023, 0.02], centre: [0.06, -0.65, -0.25], turn: 90 },
  { rise: 0.02, axes: [0.056, 0.04, 0.1], centre: [0.06, -0.105, 0.625], turn: 90 },
  { rise: -0.02, axes: [0.056, 0.056, 0.1], centre: [0, 0.1, 0.625], turn: 0 },
]
const CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
const EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
/** Millimetres: the field of view in the plane, and along the axis of the head. */
const FIELD = 250
const HEIGHT = 180
/** Stored value = Hounsfield units + 1024. */
const INTERCEPT = -1024
/** Noise is triangular between −16 and 16 Hounsfield units, much as a head CT has it. */
const NOISE_MASK = 15

/**
 * Writes the study into `folder`, which is made if need be: `IM0001.dcm`, `IM0002.dcm`, …
 * @returns the paths of the files, first slice (feet) first
 */
export async function writePhantomStudy(
  folder: string,
  options: PhantomOptions,
): Promise<string[]> {
  const study: Required<PhantomOptions> = {
    studyDate: "20250114",
    seed: 1,
    patientId: "PHANTOM-1",
    rows: 512,
    columns: 512,
    ...options,
  }
  await mkdir(folder, { recursive: true })
  const paths: string[] = []
  for (let slice = 0; slice < study.slices; slice++) {
    const path = join(folder, `IM${String(slice + 1).padStart(4, "0")}.dcm`)
    await writeFile(path, sliceFile(study, slice))
    paths.push(path)
  }
  return paths
}

/** One Part 10 file. */
function sliceFile(study: Required<PhantomOptions>, slice: number): Uint8Array {
  const { DicomDict, DicomMetaDictionary } = dcmjs.data
  const sopInstanceUid = uidOf(study, `slice ${slice}`)
  const file = new DicomDict(
    DicomMetaDictionary.denaturalizeDataset({
      FileMetaInformationVersion: Uint8Array.of(0, 1).buffer,
      MediaStorageSOPClassUID: CT_IMAGE_STORAGE,
      MediaStorageSOPInstanceUID: sopInstanceUid,
      TransferSyntaxUID: EXPLICIT_LITTLE_ENDIAN,
      ImplementationClassUID: uidOf({}, "medlake phantom"),
      ImplementationVersionName: "MEDLAKE_PHANTOM",
    }),
  )
  file.dict = DicomMetaDictionary.denaturalizeDataset({
    ...studyAttributes(study),
    ...sliceAttributes(study, slice),
    SOPClassUID: CT_IMAGE_STORAGE,
    SOPInstanceUID: sopInstanceUid,
    PixelData: pixelsOf(study, slice).buffer,
    _vrMap: { PixelData: "OW" },
  })
  return new Uint8Array(file.write())
}

/** Patient, study, series, frame of reference, equipment. */
function studyAttributes(study: Required<PhantomOptions>): object {
  return {
    SpecificCharacterSet: "ISO_IR 192",
    TimezoneOffsetFromUTC: "+0000",
    PatientName: "Phantom^Synthetic",
    PatientID: study.patientId,
    PatientBirthDate: "",
    PatientSex: "O",
    StudyInstanceUID: uidOf(study, "study"),
    StudyDate: study.studyDate,
    StudyTime: "101500",
    StudyID: String(study.seed),
    AccessionNumber: "",
    ReferringPhysicianName: "",
    StudyDescription: "Synthetic head CT",
    SeriesInstanceUID: uidOf(study, "series"),
    SeriesNumber: 1,
    SeriesDate: study.studyDate,
    SeriesTime: "101600",
    SeriesDescription: "Shepp-Logan head, axial",
    Modality: "CT",
    BodyPartExamined: "HEAD",
    PatientPosition: "HFS",
    FrameOfReferenceUID: uidOf(study, "frame of reference"),
    PositionReferenceIndicator: "",
    Manufacturer: "medlake",
    ManufacturerModelName: "phantom",
    InstitutionName: "Synthetic",
  }
}

/** Image, plane, pixels, CT acquisition. */
function sliceAttributes(
  { studyDate, slices, rows, columns }: Required<PhantomOptions>,
  slice: number,
) {
  const thickness = HEIGHT / slices
  const z = decimal((slice + 0.5) * thickness - HEIGHT / 2)
  const spacing = [FIELD / rows, FIELD / columns]
  const [top, left] = spacing.map((step) => decimal((step - FIELD) / 2))
  return {
    ImageType: ["ORIGINAL", "PRIMARY", "AXIAL"],
    InstanceNumber: slice + 1,
    AcquisitionNumber: 1,
    AcquisitionDate: studyDate,
    AcquisitionTime: "101600",
    ContentDate: studyDate,
    ContentTime: "101600",
    PatientOrientation: ["L", "P"],
    ImagePositionPatient: [left, top, z],
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    PixelSpacing: spacing.map((step) => decimal(step)),
    SliceThickness: decimal(thickness),
    SliceLocation: z,
    KVP: 120,
    SamplesPerPixel: 1,
    PhotometricInterpretation: "MONOCHROME2",
    Rows: rows,
    Columns: columns,
    BitsAllocated: 16,
    BitsStored: 16,
    HighBit: 15,
    PixelRepresentation: 1,
    RescaleIntercept: INTERCEPT,
    RescaleSlope: 1,
    RescaleType: "HU",
    WindowCenter: 40,
    WindowWidth: 120,
    BurnedInAnnotation: "NO",
  }
}

/** Stored values of a slice, row by row from the front of the head (A) to its back (P), the patient's right first. */
function pixelsOf({ slices, rows, columns, seed }: Required<PhantomOptions>, slice: number) {
  const z = (2 * (slice + 0.5)) / slices - 1
  const density = new Float32Array(columns)
  const pixels = new Int16Array(rows * columns)
  const noise = noiseOf((seed << 12) ^ slice)
  for (let row = 0; row < rows; row++) {
    density.fill(0)
    const y = 1 - (2 * (row + 0.5)) / rows
    for (const ellipsoid of HEAD) {
      const [from, to] = chordOf(ellipsoid, y, z)
      const first = Math.max(0, Math.ceil(((from + 1) * columns) / 2 - 0.5))
      const end = Math.min(columns, Math.floor(((to + 1) * columns) / 2 - 0.5) + 1)
      for (let column = first; column < end; column++) {
        density[column] = (density[column] as number) + ellipsoid.rise
      }
    }
    for (let column = 0; column < columns; column++) {
      const hounsfield = 1000 * (density[column] as number) - 1000 + noise()
      pixels[row * columns + column] = Math.round(hounsfield - INTERCEPT)
    }
  }
  return pixels
}

/** Where the line along x at (y, z) enters and leaves an ellipsoid; an empty stretch when it misses. */
function chordOf({ axes, centre, turn }: Ellipsoid, y: number, z: number): [number, number] {
  const [a, b, c] = axes
  const cos = Math.cos((turn * Math.PI) / 180)
  const sin = Math.sin((turn * Math.PI) / 180)
  const v = y - centre[1]
  const rest = 1 - ((z - centre[2]) / c) ** 2
  const square = (cos / a) ** 2 + (sin / b) ** 2
  const half = v * cos * sin * (1 / a ** 2 - 1 / b ** 2)
  const discriminant = half ** 2 - square * (v ** 2 * ((sin / a) ** 2 + (cos / b) ** 2) - rest)
  if (discriminant <= 0) return [0, -1]
  const reach = Math.sqrt(discriminant)
  return [centre[0] + (-half - reach) / square, centre[0] + (-half + reach) / square]
}

/** A xorshift generator (Marsaglia 2003): the same noise for the same seed, everywhere. */
function noiseOf(seed: number): () => number {
  let state = seed ^ 0x9e3779b9 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state & NOISE_MASK) - ((state >>> 8) & NOISE_MASK)
  }
}

/** A UID under 2.25, which holds a UUID of version 8 (RFC 9562 §5.8) as a decimal number. */
function uidOf(study: object, name: string): string {
  const digest = sha256(utf8(JSON.stringify([study, name]))).subarray(0, 16)
  digest[6] = ((digest[6] as number) & 0x0f) | 0x80
  digest[8] = ((digest[8] as number) & 0x3f) | 0x80
  return `2.25.${BigInt(`0x${hex(digest)}`)}`
}

/** A decimal string (VR DS) of at most 16 characters. */
function decimal(value: number): string {
  return value.toFixed(6).replace(/\.?0+$/, "")
}
