import {AsyncLocalStorage} from 'node:async_hooks'
import {randomInt} from 'node:crypto'

/** The account of IBM's page "Accessing metadata from an instance" (ibm-cloud-docs/vpc instance_metadata_vpc_access_instance_metadata.md). */
export const documentedAccount = 'a1234567'

/** The ID of another account, in the form of the documented one. */
export function newAccount(): string {
  return `a${randomInt(10 ** 7)
    .toString()
    .padStart(7, '0')}`
}

// Nearly every body has a CRN in it, and several sandboxes may serve from one process.
const accounts = new AsyncLocalStorage<{readonly account: string}>()

/** Does `work` for an account, which may get another ID meanwhile: CRNs and tokens made by `work` are of it. */
export function inAccount<T>(of: {readonly account: string}, work: () => T): T {
  return accounts.run(of, work)
}

/** The account that is served. Outside of inAccount it is the documented one. */
export function accountId(): string {
  return accounts.getStore()?.account ?? documentedAccount
}

/** A whole number that depends on `seed` alone and looks random: 0 to 2^32-1. Much cheaper than a digest. */
export function scatter(seed: number): number {
  let mixed = (seed + 0x9e3779b9) | 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** One of each `every` items, picked without pattern, so that those picked are spread as the items are. The same items give the same ones. */
export function sampleOf<Item>(items: readonly Item[], every: number): Item[] {
  const picked: Item[] = []
  for (let from = 0; from < items.length; from += every) {
    const item = items[from + (scatter(from + every) % Math.min(every, items.length - from))]
    if (item !== undefined) picked.push(item)
  }
  return picked
}

// Much faster than toString(16) with padding.
const hexOfByte = Array.from({length: 256}, (_, byte) => byte.toString(16).padStart(2, '0'))
const hex = (number: number) =>
  `${hexOfByte[number >>> 24]}${hexOfByte[(number >>> 16) & 255]}${hexOfByte[(number >>> 8) & 255]}${hexOfByte[number & 255]}`

function uuidFrom(a: number, b: number, c: number, last: string): string {
  const [middle, right] = [hex(b), hex(c)]
  return `${hex(a)}-${middle.slice(0, 4)}-4${middle.slice(5)}-a${right.slice(5)}-${right.slice(0, 4)}${last}`
}

/**
 * A UUID that depends on `text` alone, so that the same arguments give the same fleet. A page of 100 instances needs
 * two thousand of them: hence no digest, but four 32-bit hashes in one pass.
 */
export function uuidOf(text: string): string {
  let [a, b, c, d] = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344]
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    a = Math.imul(a ^ code, 0x9e3779b1)
    b = Math.imul(b ^ code, 0x85ebca77)
    c = Math.imul(c ^ code, 0xc2b2ae3d)
    d = Math.imul(d ^ code, 0x27d4eb2f)
    a ^= d >>> 15
    b ^= a >>> 13
    c ^= b >>> 16
    d ^= c >>> 14
  }
  return uuidFrom(scatter(a), scatter(b), scatter(c), hex(scatter(d)))
}

/** A UUID made from a number below 2^32, for fleets of 100,000. The number itself is its last part, so no two are alike. */
export function uuidOfNumber(number: number): string {
  return uuidFrom(scatter(number), scatter(number ^ 0x5bd1e995), scatter(number ^ 0x27d4eb2f), hex(number))
}

/** The CRN of a resource of VPC at `place` (a region or a zone); form as in IBM's page: `crn:v1:bluemix:public:is:us-south-2:a/a1234567::instance:ID`. */
export function crnOf(place: string, type: string, id: string): string {
  return `crn:v1:bluemix:public:is:${place}:a/${accountId()}::${type}:${id}`
}
