import {constants} from 'node:fs'
import {type FileHandle, open, readdir, rm, stat} from 'node:fs/promises'
import {platform} from 'node:os'
import {basename, dirname, join} from 'node:path'
import {VpcmdError} from '../errors.ts'
import {explainTrouble, sentence} from '../files/file-trouble.ts'
import {makePrivateFolder} from '../files/private-file.ts'
import {openPlain} from '../plain-file.ts'
import type {ProcessLock} from '../process-lock.ts'
import type {Journal, JournalLine, RunHeader} from './journal.ts'
import type {PlannedChange} from './plan.ts'
import {lockRun} from './run-lock.ts'

/** A run's journal on disk, open for writing by this process alone. */
export class JournalFile implements Journal {
  readonly #handle: FileHandle
  readonly #file: string
  readonly #lock: ProcessLock
  readonly #env: NodeJS.ProcessEnv
  #waiting: {text: string; resolve(): void; reject(error: unknown): void}[] = []
  #writing: Promise<void> | undefined
  #failure: VpcmdError | undefined
  /** When the folder was looked at last, by its own clock. */
  #lookedAt: number | undefined
  #hadCompany = false

  private constructor(handle: FileHandle, file: string, lock: ProcessLock, env: NodeJS.ProcessEnv) {
    this.#handle = handle
    this.#file = file
    this.#lock = lock
    this.#env = env
  }

  /**
   * Puts a run and all that it means to do on disk, readable by its user alone, before anything of it is sent. Throws
   * VpcmdError when that can't be done. `env` names the user's home, where there is more to advise.
   */
  static async begin(folder: string, header: RunHeader, changes: PlannedChange[], env = {}): Promise<JournalFile> {
    const touched = await stat(folder).catch(() => undefined)
    const journal = await JournalFile.#open(folder, header.id, constants.O_CREAT | constants.O_EXCL, env)
    // A run that ended after the servers were read has removed its lock since, which the folder's time tells.
    journal.#hadCompany = changes.some(({readAt}) => touched && touched.mtimeMs > readAt)
    try {
      const started = new Date(header.startedAt).toISOString()
      // The header comes first: a search for a run need not read all of it.
      const head = journal.write({t: 'run', v: 1, ...header})
      const lines = changes.map((change, i) => journal.write({t: 'change', i, ...change}))
      await Promise.all([head, ...lines, journal.write({t: 'begin', at: started})])
      await syncFolder(folder)
      return journal
    } catch (error) {
      await journal.close().catch(() => undefined)
      await rm(join(folder, `${header.id}.jsonl`), {force: true})
      throw error
    }
  }

  /**
   * Opens the journal of an earlier run, of which `bytes` were read, to go on with it. Throws VpcmdError when another
   * process is at it, or was after the reading.
   */
  static async resume(folder: string, id: string, bytes: number, at: string, env = {}): Promise<JournalFile> {
    const journal = await JournalFile.#open(folder, id, 0, env)
    try {
      const {size} = await journal.#handle.stat()
      if (size !== bytes) {
        throw new VpcmdError({
          code: 'run_went_on',
          message: `Another process has just resumed run ${id}.`,
          hint: `See what became of it: vpcmd metadata history ${id}`,
        })
      }
      // A process that was killed may have left half a line: what comes now begins on a line of its own.
      await journal.#append('\n')
      await journal.write({t: 'resumed', at})
      return journal
    } catch (error) {
      await journal.close().catch(() => undefined)
      throw unwritable(journal.#file, error, env)
    }
  }

  static async #open(folder: string, id: string, flags: number, env: NodeJS.ProcessEnv): Promise<JournalFile> {
    const file = join(folder, `${id}.jsonl`)
    try {
      await makePrivateFolder(folder)
      const lock = await lockRun(folder, id)
      try {
        const mode = constants.O_WRONLY | constants.O_APPEND | flags
        const handle = await (flags === 0 ? openPlain(file, mode) : open(file, mode, 0o600))
        return new JournalFile(handle, file, lock, env)
      } catch (error) {
        await lock.release()
        throw error
      }
    } catch (error) {
      throw unwritable(file, error, env)
    }
  }

  /** Resolves when the line is on disk. Rejects with VpcmdError when it can't be put there; so does every later one. */
  write(line: JournalLine): Promise<void> {
    return this.#append(`${JSON.stringify(line)}\n`)
  }

  async hasCompany(): Promise<boolean> {
    if (this.#hadCompany) return true
    const folder = dirname(this.#file)
    try {
      const {mtimeMs} = await stat(folder)
      // A run begins with a lock of its own in the folder, and a look at that is dearer where there are many runs.
      if (mtimeMs !== this.#lookedAt) {
        const own = basename(this.#file, '.jsonl')
        this.#hadCompany = (await readdir(folder)).some(name => name.endsWith('.lock') && name !== `${own}.lock`)
        this.#lookedAt = mtimeMs
      }
      return this.#hadCompany
    } catch (error) {
      throw unwritable(this.#file, error, this.#env)
    }
  }

  #append(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({text, resolve, reject})
      this.#writing ??= this.#writeAll()
    })
  }

  /** Writes what has gathered while the last lines were flushed: however many there are, they take one flush. */
  async #writeAll(): Promise<void> {
    // What is handed over in the same turn is written with it.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      try {
        if (this.#failure) throw this.#failure
        if (!(await this.#lock.isHeld())) throw lockLost(this.#file)
        await this.#handle.appendFile(batch.map(({text}) => text).join(''))
        await this.#handle.datasync()
        for (const {resolve} of batch) resolve()
      } catch (error) {
        this.#failure ??= unwritable(this.#file, error, this.#env)
        for (const {reject} of batch) reject(this.#failure)
      }
    }
    this.#writing = undefined
  }

  /** Waits for what is being written, and lets others at the run. */
  async close(): Promise<void> {
    await this.#writing
    await this.#handle.close()
    await this.#lock.release()
  }
}

/** A new file is there for certain once its folder is flushed too; Windows has no such thing. */
async function syncFolder(folder: string): Promise<void> {
  if (platform() === 'win32') return
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}

function lockLost(file: string): VpcmdError {
  return new VpcmdError({
    code: 'journal_failed',
    message: `The lock of the journal ${file} is gone: nothing more is sent.`,
    hint: 'This vpcmd was paused for so long that another one took over the run, or somebody removed the lock.',
  })
}

function unwritable(file: string, error: unknown, env: NodeJS.ProcessEnv): VpcmdError {
  if (error instanceof VpcmdError) return error
  const {why, advice} = explainTrouble(error, file, env)
  return new VpcmdError({
    code: 'journal_failed',
    message: `The journal ${file} can't be written (${why}): nothing more is sent.`,
    hint: `vpcmd keeps what it changes on disk, to resume and undo it. ${advice === undefined ? 'Set' : `${sentence(advice)} Or set`} XDG_STATE_HOME to another folder.`,
  })
}
