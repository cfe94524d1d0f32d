declare module "dcmjs" {
  /** Attributes by keyword, such as `PatientID`; `_vrMap` names the VR where the dictionary leaves a choice. */
  type NaturalDataSet = Readonly<Record<string, unknown>>
  /** Attributes by tag, as `denaturalizeDataset` makes them. */
  type TaggedDataSet = Readonly<Record<string, object>>

  const dcmjs: {
    readonly data: {
      readonly DicomMetaDictionary: {
        readonly dictionary: object
        denaturalizeDataset(dataSet: NaturalDataSet): TaggedDataSet
      }
      /** A Part 10 file: file meta information, then the data set as `dict`. */
      readonly DicomDict: new (
        meta: TaggedDataSet,
      ) => { dict: TaggedDataSet; write(): ArrayBuffer }
    }
  }
  export default dcmjs
}
