import {randomBytes, randomUUID} from 'node:crypto'
import {mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as wait} from 'node:timers/promises'
import {LockHeld, takeLock} from '../../process-lock.ts'
import type {Section} from './record-store.ts'
import type {BareMetalRecord, FloatingIpRecord, InstanceRecord, KeyRecord, TemplateRecord} from './records.ts'

type Changeable = 'name' | 'metadata' | 'revision' | 'deleted'

export type InstanceChange = Partial<Pick<InstanceRecord, Changeable | 'status' | 'action' | 'failures'>>
export type BareMetalChange = Partial<Pick<BareMetalRecord, Changeable | 'status'>>
export type TemplateChange = Partial<Pick<TemplateRecord, Changeable>>

/** What differs from the fleet that the arguments give. */
export interface State {
  version: 1
  /** Signs the tokens, so that one made by one process is good in the next. */
  secret: string
  instances: Record<string, InstanceChange>
  /** Instances that the arguments do not give. */
  added: InstanceRecord[]
  bareMetalServers: Section<BareMetalRecord, BareMetalChange>
  templates: Section<TemplateRecord, TemplateChange>
  /** What a floating IP leads to now: an instance's ID, or nothing. */
  floatingIps: Record<string, {instance: string | null}>
  /** Floating IPs that were reserved, and keys that were imported. Absent in a state of an older version. */
  addedFloatingIps?: FloatingIpRecord[]
  addedKeys?: KeyRecord[]
  /** The IDs of floating IPs and keys that the arguments give, and that were deleted. */
  removed?: string[]
  /** The new names of floating IPs and keys, by ID. */
  renamed?: Record<string, string>
}

/** Keeps a state. Whoever holds one sees in `current` what is so, and changes it within `update` only. */
export interface StateStore {
  readonly current: State
  /** Looks whether somebody else changed the state; `current` is another object then. Throws when it can't be read. */
  refresh(): void
  /** Calls `change` with the newest state, alone; keeps what it did to the state when it returns true. Rejects, with nothing kept, when it throws or the state can't be written. */
  update(change: (state: State) => boolean): Promise<void>
  /** Forgets all changes, but not the secret: tokens stay good. `current` is another object then. Rejects where the state can't be written. */
  reset(): Promise<void>
}

function emptyState(secret = randomBytes(32).toString('base64url')): State {
  return {
    version: 1,
    secret,
    instances: {},
    added: [],
    bareMetalServers: {changes: {}, added: []},
    templates: {changes: {}, added: []},
    floatingIps: {},
    addedFloatingIps: [],
    addedKeys: [],
    removed: [],
    renamed: {},
  }
}

/** A state that lives as long as the process. */
export class MemoryState implements StateStore {
  current: State

  constructor(current: State = emptyState()) {
    this.current = current
  }

  refresh(): void {
    // Nobody else has it.
  }

  async update(change: (state: State) => boolean): Promise<void> {
    change(this.current)
  }

  async reset(): Promise<void> {
    this.current = emptyState(this.current.secret)
  }
}

const fileName = 'state.json'
const lockName = 'state.lock'

/** The state in a folder: one file, replaced as a whole under a lock, read again whenever it is another. */
export class FileState implements StateStore {
  readonly #file: string
  readonly #folder: string
  readonly #ownSecret = randomBytes(32).toString('base64url')
  #seen = 'unknown'
  #tail: Promise<void> = Promise.resolve()
  current: State

  /** Opens the state in `folder`, which is made (0700) when it is not there. Returns why where it can't be made or entered; throws when its file is not a state. */
  static open(folder: string): FileState | string {
    try {
      mkdirSync(folder, {recursive: true, mode: 0o700})
      // One that is there but can't be entered, such as another user's, fails here.
      stampOf(join(folder, fileName))
    } catch (error) {
      return unwritable(folder, error).message
    }
    return new FileState(folder)
  }

  private constructor(folder: string) {
    this.#folder = folder
    this.#file = join(folder, fileName)
    this.current = emptyState(this.#ownSecret)
    this.refresh()
  }

  refresh(): void {
    const stamp = stampOf(this.#file)
    if (stamp === this.#seen) return
    this.current = stamp === '' ? emptyState(this.#ownSecret) : this.#read()
    this.#seen = stamp
  }

  /** Writes the first state, so that the next process has the same secret. Rejects when the folder can't be written. */
  async begin(): Promise<void> {
    await this.update(() => stampOf(this.#file) === '')
  }

  update(change: (state: State) => boolean): Promise<void> {
    const run = this.#tail.then(() => this.#updateAlone(change))
    // One at a time within this process; a failed one must not stop the next. Its caller gets the failure from `run`.
    this.#tail = run.catch(() => undefined)
    return run
  }

  async reset(): Promise<void> {
    await this.update(state => {
      Object.assign(state, emptyState(state.secret))
      return true
    })
    // Whoever follows the changes sees by another object that they are gone.
    this.#seen = 'unknown'
    this.refresh()
  }

  async #updateAlone(change: (state: State) => boolean): Promise<void> {
    const release = await lockFolder(this.#folder)
    let kept = false
    try {
      this.refresh()
      if (change(this.current)) this.#write()
      kept = true
    } finally {
      // What was half changed is forgotten: the next look reads the file.
      if (!kept) this.#seen = 'unknown'
      await release()
    }
  }

  #read(): State {
    const help = `Remove the file, or start over with: vpcmd sandbox reset`
    let state: unknown
    try {
      state = JSON.parse(readFileSync(this.#file, 'utf8'))
    } catch (error) {
      throw new Error(`The sandbox's state can't be read from ${this.#file}: ${messageOf(error)}. ${help}`)
    }
    if (!isState(state)) throw new Error(`${this.#file} is not a state of the sandbox. ${help}`)
    // One written before there were more kinds of records lacks them.
    return {...emptyState(), ...state}
  }

  #write(): void {
    const temporary = join(this.#folder, `${fileName}.${process.pid}.${randomUUID()}`)
    try {
      writeFileSync(temporary, JSON.stringify(this.current), {mode: 0o600, flush: true})
      renameSync(temporary, this.#file)
    } catch (error) {
      rmSync(temporary, {force: true})
      throw unwritable(this.#folder, error)
    }
    this.#seen = stampOf(this.#file)
  }
}

/** A change takes milliseconds: a lock of another host or container is left behind long before this. */
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

function isState(value: unknown): value is State {
  return (
    isRecord(value) &&
    value.version === 1 &&
    typeof value.secret === 'string' &&
    isRecord(value.instances) &&
    Object.values(value.instances).every(isRecord) &&
    Array.isArray(value.added) &&
    isRecord(value.floatingIps) &&
    [value.bareMetalServers, value.templates].every(each => each === undefined || isSection(each))
  )
}

function isSection(value: unknown): boolean {
  return (
    isRecord(value) &&
    isRecord(value.changes) &&
    Object.values(value.changes).every(isRecord) &&
    Array.isArray(value.added)
  )
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
