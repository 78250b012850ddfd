import {randomBytes, randomUUID} from 'node:crypto'
import {existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {setTimeout as wait} from 'node:timers/promises'
import {LockHeld, takeLock} from '../../process-lock.ts'
import {documentedAccount, newAccount} from './ids.ts'
import type {StoredRecord} from './records.ts'

const kinds = ['bareMetalServers', 'floatingIps', 'instances', 'keys', 'templates', 'vpcs'] as const

export type RecordKind = (typeof kinds)[number]

/** The part of a state that belongs to one kind of records. */
interface Section {
  /** Changed properties, by ID. */
  changes: Record<string, Partial<StoredRecord>>
  /** Records that the arguments do not give. */
  added: StoredRecord[]
}

/** What differs from the fleet that the arguments give. */
export interface State {
  version: 2
  /** Signs the tokens, so that a token of one process is valid in the next. */
  secret: string
  /** Its ID, which keeps its runs apart from those of other sandboxes. */
  account: string
  records: Record<RecordKind, Section>
}

function emptyState(secret: string, account = newAccount()): State {
  const records = Object.fromEntries(kinds.map(kind => [kind, {changes: {}, added: []}])) as unknown as State['records']
  return {version: 2, secret, account, records}
}

const fileName = 'state.json'
const lockName = 'state.lock'

/**
 * Keeps a state: in memory, as long as the process lives, or in a folder, in one file that is replaced as a whole under a
 * lock and read again when it changed. Read it from `current`; change it within `update` only.
 */
export class StateStore {
  readonly #account: string | undefined
  readonly #folder: string | undefined
  readonly #ownSecret = randomBytes(32).toString('base64url')
  #seen = 'unknown'
  #tail: Promise<void> = Promise.resolve()
  current: State

  /** In memory, an account that is given stays the same. Throws where the folder can't be entered, and when its file is not a state. */
  constructor({account, current, folder}: {account?: string | undefined; current?: State; folder?: string}) {
    this.#account = account
    this.#folder = folder
    this.current = current ?? emptyState(this.#ownSecret, account)
    this.refresh()
  }

  /** Takes in what other processes changed; `current` is another object then. Throws when it can't be read. */
  refresh(): void {
    if (this.#folder === undefined) return
    const file = join(this.#folder, fileName)
    const stamp = stampOf(file)
    if (stamp === this.#seen) return
    this.current = stamp === '' ? emptyState(this.#ownSecret) : readState(file)
    this.#seen = stamp
  }

  /** Calls `change` with the newest state, with nobody else at work; keeps its changes when it returns true. Rejects, with nothing kept, when it throws or the state can't be written. */
  update(change: (state: State) => boolean): Promise<void> {
    const run = this.#tail.then(() => this.#updateAlone(change))
    // One at a time within this process; a failed one must not stop the next. Its caller gets the failure from `run`.
    this.#tail = run.catch(() => undefined)
    return run
  }

  /** Forgets all changes but not the secret: tokens stay valid. The account is another one. `current` is another object then. Rejects where the state can't be written. */
  async reset(): Promise<void> {
    const {secret} = this.current
    if (this.#folder === undefined) {
      this.current = emptyState(secret, this.#account)
      return
    }
    await this.update(state => {
      Object.assign(state, emptyState(state.secret))
      return true
    })
    // Stores see by another object that the changes are gone.
    this.#seen = 'unknown'
    this.refresh()
  }

  async #updateAlone(change: (state: State) => boolean): Promise<void> {
    if (this.#folder === undefined) return void change(this.current)
    const release = await lockFolder(this.#folder)
    let kept = false
    try {
      this.refresh()
      if (change(this.current)) this.#seen = writeState(this.#folder, this.current)
      kept = true
    } finally {
      // Forgets a half-made change: the file is read again.
      if (!kept) this.#seen = 'unknown'
      await release()
    }
  }
}

function readState(file: string): State {
  const help = `Remove the file, or start over with: vpcmd sandbox reset`
  let state: unknown
  try {
    state = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`The sandbox's state can't be read from ${file}: ${messageOf(error)}. ${help}`)
  }
  const whole = isRecord(state) ? withAllKinds(state) : state
  if (!isState(whole)) throw new Error(`${file} is not a state of the sandbox. ${help}`)
  return whole
}

/** Returns the stamp of the file that was written. */
function writeState(folder: string, state: State): string {
  const file = join(folder, fileName)
  const temporary = join(folder, `${fileName}.${randomUUID()}`)
  try {
    writeFileSync(temporary, JSON.stringify(state), {mode: 0o600, flush: true})
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, {force: true})
    throw unwritable(folder, error)
  }
  return stampOf(file)
}

/** A change takes milliseconds: an older lock of another host or container was left behind. */
const abandonedAfterMs = 10_000
const patienceMs = 3 * abandonedAfterMs

async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    try {
      const lock = await takeLock(join(folder, lockName), abandonedAfterMs)
      return () => lock.release()
    } catch (error) {
      if (!(error instanceof LockHeld) || Date.now() > deadline) throw unwritable(folder, error)
    }
    await wait(2 + Math.random() * 20)
  }
}

function unwritable(folder: string, error: unknown): Error {
  return new Error(`The sandbox can't keep its state in ${folder}: ${messageOf(error)}`)
}

function stampOf(file: string): string {
  const stat = statSync(file, {bigint: true, throwIfNoEntry: false})
  return stat === undefined ? '' : `${stat.ino}/${stat.mtimeNs}/${stat.size}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A state with all that older versions of the sandbox did not keep. */
function withAllKinds(given: Record<string, unknown>): Record<string, unknown> {
  // Sandboxes had the one account before they had their own.
  const state: Record<string, unknown> = {account: documentedAccount, ...given}
  return {...state, ...(isRecord(state.records) && {records: {...emptyState('').records, ...state.records}})}
}

function isState(value: unknown): value is State {
  if (!isRecord(value) || value.version !== 2 || typeof value.secret !== 'string') return false
  if (typeof value.account !== 'string') return false
  const {records} = value
  return isRecord(records) && kinds.every(kind => isSection(records[kind]))
}

function isSection(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value.changes) || !Array.isArray(value.added)) return false
  return [...Object.values(value.changes), ...value.added].every(isRecord)
}

/**
 * Opens the state in `folder`, which is made (0700) when it is not there; without one, a state in memory, of `account` or
 * a new one. Where the folder can't be made, entered or written, the state is in memory only, on top of what is kept there, and `problem` says why. Rejects when its file is not a state.
 */
export async function openState(
  folder: string | undefined,
  account?: string,
): Promise<{state: StateStore; problem?: string}> {
  if (folder === undefined) return {state: new StateStore({account})}
  const inMemory = (reason: string, current?: State) => {
    return {
      state: new StateStore({account, ...(current && {current})}),
      problem: `${reason}; what is changed is lost when it ends.`,
    }
  }
  try {
    makeFolder(folder)
    // A folder that can't be entered, such as another user's, fails here.
    stampOf(join(folder, fileName))
  } catch (error) {
    return inMemory(unwritable(folder, error).message)
  }
  const state = new StateStore({folder})
  try {
    // Written at once, so that the next process has the same secret.
    await state.update(() => stampOf(join(folder, fileName)) === '')
    return {state}
  } catch (error) {
    return inMemory(messageOf(error), state.current)
  }
}

/** Makes a folder and those above it. Node's own `recursive` never ends where the system says ENOENT below a folder that is there, as in /proc. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  if (dirname(folder) !== folder) makeFolder(dirname(folder))
  try {
    mkdirSync(folder, {mode: 0o700})
  } catch (error) {
    // Another process was faster.
    if (!existsSync(folder)) throw error
  }
}

/** Forgets the state kept in `folder`. True when there was one. Rejects when it can't be removed. */
export async function resetSandbox(folder: string): Promise<boolean> {
  const file = join(folder, fileName)
  if (stampOf(file) === '') return false
  const release = await lockFolder(folder)
  try {
    rmSync(file, {force: true})
  } finally {
    await release()
  }
  return true
}
