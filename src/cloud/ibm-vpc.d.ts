// ibm-vpc is an optional dependency that not every registry offers: this says what vpcmd uses of it where it is there.
declare module 'ibm-vpc/vpc/v1.js' {
  const VpcV1: new (options: import('ibm-cloud-sdk-core').UserOptions) => import('./vpc-sdk.ts').VpcService
  export default VpcV1
}
