import {crnOf, uuidOf} from './ids.ts'
import type {NamedResource} from './records.ts'

/** A zone and the digits that the IDs of its resources begin with (`0717_…`). */
export interface ZonePlace {
  name: string
  prefix: string
}

/** A region and the code that the IDs of its regional resources begin with (`r006-…`). */
export interface RegionPlace {
  name: string
  code: string
  zones: readonly ZonePlace[]
}

// The codes of most regions show in the IDs that ibm-cloud-docs/vpc prints. Those of ca-mon, in-che and in-mum, and
// the zones' digits outside us-south, were in no source: the sandbox made them up, no client may read anything in them.
const catalogue: ReadonlyArray<[name: string, code: string, zoneDigits: string]> = [
  ['us-south', 'r006', '07?7'],
  ['us-east', 'r014', '07?8'],
  ['br-sao', 'r042', '04?7'],
  ['ca-tor', 'r038', '03?7'],
  ['ca-mon', 'r058', '05?7'],
  ['eu-gb', 'r018', '08?7'],
  ['eu-de', 'r010', '02?7'],
  ['eu-es', 'r050', '06?7'],
  ['jp-tok', 'r022', '02?8'],
  ['jp-osa', 'r034', '03?8'],
  ['au-syd', 'r026', '02?9'],
  ['in-che', 'r062', '09?7'],
  ['in-mum', 'r066', '09?8'],
]

/** All thirteen regions (ibm-cloud-docs/vpc vpc-endpoints.md), us-south first. */
export const allRegions: readonly RegionPlace[] = catalogue.map(([name, code, digits]) => ({
  name,
  code,
  zones: [1, 2, 3].map(number => ({name: `${name}-${number}`, prefix: digits.replace('?', String(number))})),
}))

/** The regions called `names`, in that order, without doubles; all of them without `names`. Throws an Error that lists the regions when there is no such region. */
export function chooseRegions(names: readonly string[] | undefined): readonly RegionPlace[] {
  if (names === undefined || names.length === 0) return allRegions
  return [...new Set(names)].map(name => {
    const region = allRegions.find(each => each.name === name)
    if (region === undefined) {
      throw new Error(`There is no region ${name}. The regions are: ${allRegions.map(each => each.name).join(', ')}.`)
    }
    return region
  })
}

/** A resource of `region` whose ID is derived from its type and name. Its CRN is of the account that reads it. */
export function regional(region: string, type: string, name: string, id?: string): NamedResource {
  const code = allRegions.find(each => each.name === region)?.code
  const actual = id ?? `${code}-${uuidOf(`${type}/${region}/${name}`)}`
  return {
    id: actual,
    get crn() {
      return crnOf(region, type, actual)
    },
    name,
  }
}
