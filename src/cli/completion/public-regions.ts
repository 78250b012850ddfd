/** The regions of IBM Cloud VPC (ibm-cloud-docs/vpc, vpc-endpoints.md), for where the cloud is not asked. There may be newer ones. */
export const publicRegions = [
  ...['au-syd', 'br-sao', 'ca-mon', 'ca-tor', 'eu-de', 'eu-es', 'eu-gb', 'in-che', 'in-mum'],
  ...['jp-osa', 'jp-tok', 'us-east', 'us-south'],
]
