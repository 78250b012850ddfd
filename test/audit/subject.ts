import type {Subject} from '../../src/audit/subjects.ts'

/** A subject as a test wants it: an instance in us-south with the service on over http with hop limit 1, but for what is given. */
export function subjectWith(given: Partial<Subject> = {}): Subject {
  const {name = 'web-1', region = 'us-south'} = given
  const id = `0717_00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0').slice(-12)}`
  return {
    kind: 'instance',
    id,
    name,
    crn: `crn:v1:bluemix:public:is:${region}-1:a/a1234567::instance:${id}`,
    account: {id: 'a1234567'},
    region,
    zone: `${region}-1`,
    vpc: {id: 'r006-vpc', name: 'prod'},
    resourceGroup: {id: 'g1', name: 'defaults'},
    profile: 'bx2-2x8',
    image: {id: 'r006-image', name: 'ibm-ubuntu-24-04'},
    settings: {enabled: true, protocol: 'http', response_hop_limit: 1},
    status: 'running',
    readAt: 0,
    ...given,
  }
}
