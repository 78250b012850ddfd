import {describe, expect, it} from 'vitest'
import {parseInstanceRef, parseResourceRef} from '../../src/instances/references.ts'

const id = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'

describe('parseInstanceRef', () => {
  it('knows an ID, a name and a CRN, which tells its region', () => {
    expect(parseInstanceRef(id)).toEqual({kind: 'id', id})
    expect(parseInstanceRef('my-virtual-server-2')).toEqual({kind: 'name', name: 'my-virtual-server-2'})
    expect(parseInstanceRef('a'.repeat(63))).toMatchObject({kind: 'name'})
    const crn = `crn:v1:bluemix:public:is:us-south-2:a/a1234567::instance:${id}`
    expect(parseInstanceRef(crn)).toEqual({kind: 'crn', id, region: 'us-south', account: 'a1234567'})
  })

  it.each([
    ['eu-fr2-1', 'eu-fr2'],
    ['eu-fr2', 'eu-fr2'],
    ['us-south', 'us-south'],
  ])('takes %s for a place in %s', (location, region) => {
    expect(parseInstanceRef(`crn:v1:bluemix:public:is:${location}:a/a1::instance:${id}`)).toMatchObject({region})
  })

  it.each([
    ['', /An empty text/],
    ['web-*', /pattern/],
    ['web-?', /pattern/],
    ['0727_ed12480a', /neither an ID/],
    [id.toUpperCase(), /neither an ID/],
    ['a'.repeat(64), /neither an ID/],
    ['My-Server', /neither an ID/],
    ['-r', /neither an ID/],
    ['../etc/passwd', /neither an ID/],
    ['.', /neither an ID/],
    ['..', /neither an ID/],
    ['%2e%2e', /neither an ID/],
    [`${id}/../x`, /neither an ID/],
    [`${id}\u0007`, /neither an ID/],
    [`crn:v1:bluemix:public:is:us-south-2:a/a1234567::instance:..`, /not the CRN of an instance/],
    ['crn:v1:bluemix:public:is:us-south-2:a/a1234567::volume:r006-1', /not the CRN of an instance/],
    ['crn:v1:bluemix:public:is:us-south-2:a/a1234567::instance:', /not the CRN of an instance/],
    ['crn:', /not the CRN of an instance/],
  ])('refuses %j as wrong usage', (text, message) => {
    expect(() => parseInstanceRef(text)).toThrow(
      expect.objectContaining({exitCode: 2, message: expect.stringMatching(message)}),
    )
  })
})

describe('parseResourceRef', () => {
  it.each([
    ['r006-01030e3c-2663-4f7d-ac55-651929dafe37', 'id'],
    ['6edefe513d934fdd872e78ee6a8e73ef', 'id'],
    ['0717-01030e3c-2663-4f7d-ac55-651929dafe37', 'id'],
    ['my-test-vpc', 'name'],
    ['Default', 'name'],
    ['crn:v1:bluemix:public:is:us-south:a/1::vpc:r006-01030e3c-2663-4f7d-ac55-651929dafe37', 'crn'],
  ])('takes %s for %s', (text, kind) => {
    expect(parseResourceRef(text).kind).toBe(kind)
  })

  it.each(['', '.', '..', 'a/b', '%2e%2e', 'a b', 'a\u0007', '../r006-1', 'a'.repeat(65)])(
    'takes no ID out of a CRN that would lead a request elsewhere: %j',
    id => {
      const crn = `crn:v1:bluemix:public:is:us-south-1:a/1::subnet:${id}`
      expect(() => parseResourceRef(crn)).toThrow(expect.objectContaining({exitCode: 2}))
    },
  )
})
