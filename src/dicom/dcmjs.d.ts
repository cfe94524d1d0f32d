declare module "dcmjs" {
  const dcmjs: {
    readonly data: { readonly DicomMetaDictionary: { readonly dictionary: object } }
  }
  export default dcmjs
}
