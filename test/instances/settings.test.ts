import {describe, expect, it} from 'vitest'
import {
  countChanges,
  describeChange,
  patchBetween,
  serviceUrl,
  settingsLabel,
  weakenedBy,
} from '../../src/instances/settings.ts'

const off = {enabled: false, protocol: 'http', response_hop_limit: 1}
const on = {enabled: true, protocol: 'https', response_hop_limit: 2}

describe('patchBetween', () => {
  it('holds only the fields that differ', () => {
    expect(patchBetween(off, {enabled: true})).toEqual({enabled: true})
    expect(patchBetween(off, on)).toEqual(on)
    expect(patchBetween(on, {enabled: true, protocol: 'http', response_hop_limit: 2})).toEqual({protocol: 'http'})
    expect(patchBetween(off, {enabled: true, protocol: 'http'})).toEqual({enabled: true})
  })

  it('is nothing where all is as wanted, or nothing is wanted', () => {
    expect(patchBetween(on, on)).toBeUndefined()
    expect(patchBetween(on, {})).toBeUndefined()
    expect(patchBetween(on, {enabled: true, protocol: undefined, response_hop_limit: undefined})).toBeUndefined()
  })
})

it('says settings in a word', () => {
  expect(settingsLabel(off)).toBe('off')
  expect(settingsLabel(on)).toBe('https/2')
  expect(settingsLabel({...off, protocol: 'https'})).toBe('off')
})

it('knows where the service answers within the instance', () => {
  expect(serviceUrl(off)).toBeUndefined()
  expect(serviceUrl(on)).toBe('https://api.metadata.cloud.ibm.com')
  expect(serviceUrl({...off, enabled: true})).toBe('http://api.metadata.cloud.ibm.com')
})

describe('changes in words', () => {
  const on = {enabled: true, protocol: 'https', response_hop_limit: 1}

  it('counts what changes, and marks what is less secure', () => {
    const changes = [
      {before: on, set: {protocol: 'http'}},
      {before: {...on, response_hop_limit: 3}, set: {response_hop_limit: 1}},
      {before: {enabled: false, protocol: 'http', response_hop_limit: 1}, set: {enabled: true, response_hop_limit: 2}},
      {before: on, set: {response_hop_limit: 64}},
    ]
    expect(countChanges(changes)).toBe(
      '1 from https to http (less secure), 1 from hop limit 1 to 64 (less secure), 1 from hop limit 3 to 1, 1 switched on with http/2',
    )
    const off = {...on, enabled: false}
    const both = {protocol: 'http', response_hop_limit: 2}
    expect(countChanges([{before: on, set: both}])).toBe(
      '1 from https to http and from hop limit 1 to 2 (less secure: protocol and hop limit)',
    )
    expect(countChanges([{before: on, set: {enabled: false}}])).toBe('1 switched off')
    expect(countChanges([{before: off, set: {protocol: 'http'}}])).toBe('1 still off, from https to http')
    expect(countChanges([{before: {...off, enabled: undefined}, set: {enabled: true}}])).toContain('-> https/1')
  })

  it('names what changes while a service stays off, which both ends of a change would hide', () => {
    const before = {enabled: false, protocol: 'http', response_hop_limit: 1}
    expect(describeChange(before, {protocol: 'https'})).toBe('off, protocol http -> https')
    expect(describeChange({...on, protocol: undefined}, {protocol: 'https'})).toBe('?/1 -> https/1')
  })

  it('calls nothing less secure of a service that is off before or after', () => {
    expect(weakenedBy({...on, enabled: false}, {protocol: 'http'})).toEqual([])
    expect(weakenedBy(on, {enabled: false, protocol: 'http'})).toEqual([])
  })
})
