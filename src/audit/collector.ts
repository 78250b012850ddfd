import type {VpcmdError} from '../errors.ts'
import type {ReadContext, Subject, SubjectKind} from './subjects.ts'

/** What could not be read, or not wholly, and why. */
export interface Unread {
  region: string
  kinds: SubjectKind[]
  error: VpcmdError
}

/** Who is told what was read of an audit's subjects, and what was not. */
export interface Collector {
  add(subject: Subject): void
  failed(region: string, kind: SubjectKind, error: unknown): void
  unnamed(region: string, kind: SubjectKind, error: unknown): void
  reading(region: string): ReadContext
}
