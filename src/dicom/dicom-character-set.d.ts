declare module "dicom-character-set" {
  /** Text of bytes in a Specific Character Set (0008,0005), several values joined by a backslash. */
  export function convertBytes(
    specificCharacterSet: string,
    bytes: Uint8Array,
    options?: { readonly vr?: string },
  ): string
}
