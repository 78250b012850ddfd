/** The fields of a CRN that vpcmd looks at; empty where it has none. */
export interface CrnFields {
  service: string
  /** A zone, for what is in one. */
  location: string
  /** Such as `a/ACCOUNT`. */
  scope: string
  type: string
  id: string
}

/** Takes a CRN apart, such as `crn:v1:bluemix:public:is:us-east-1:a/ACCOUNT::instance:ID`. Checks nothing. */
export function fieldsOfCrn(crn: string): CrnFields {
  const [, , , , service = '', location = '', scope = '', , type = '', id = ''] = crn.split(':')
  return {service, location, scope, type, id}
}
