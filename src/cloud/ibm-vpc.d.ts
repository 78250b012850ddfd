// ibm-vpc is an optional dependency that not every registry offers: this says what vpcmd uses of it where it is there.
declare module 'ibm-vpc/vpc/v1.js' {
  type Options = import('ibm-cloud-sdk-core').UserOptions & {version: string; generation: number}
  const VpcV1: new (options: Options) => import('ibm-cloud-sdk-core').BaseService
  export default VpcV1
}
