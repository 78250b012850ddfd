import {lstat, readFile, rm} from 'node:fs/promises'
import {join} from 'node:path'
import {countEach} from '../counted.ts'
import {asVpcmdError, type VpcmdError} from '../errors.ts'
import {hashedName, writePrivate} from '../files/private-file.ts'
import {notWritten} from '../files/write-output.ts'
import {safeJson} from '../safe-json.ts'
import {type Collection, type MetadataDocument, masked, userDataOf} from './collect-metadata.ts'

/** The files that an instance's metadata goes to. */
export interface CollectedFiles {
  /** The JSON. */
  file: string
  /** The user data, byte for byte; undefined where none was collected. */
  userDataFile: string | undefined
}

/** What was collected from an instance, as JSON, and the files that it was written to. */
export interface KeptDocument {
  document: MetadataDocument
  json: {id: string; name: string | null; region: string; collected_at: string; metadata: unknown}
  files: CollectedFiles | undefined
  error?: undefined
}

/** The same, or why there is none. */
export type Kept = KeptDocument | {error: VpcmdError}

/** Masks what is secret, unless it is to be shown, and writes the files where a folder is named. */
export function keepCollected(
  collections: Collection[],
  folder: string | undefined,
  showsSecrets: boolean,
  env: NodeJS.ProcessEnv,
): Promise<Kept[]> {
  const names = fileNames(collections.map(({found: {instance}}) => ({id: instance.id, name: instance.name ?? ''})))
  return Promise.all(
    collections.map(async ({found, collectedAt, document, error}, index): Promise<Kept> => {
      if (error) return {error}
      const {id, name = null} = found.instance
      const metadata = showsSecrets ? document : masked(document)
      const json = {id, name, region: found.region.name, collected_at: collectedAt, metadata}
      if (folder === undefined) return {document, json, files: undefined}
      const text = `${safeJson(json, 2)}\n`
      return writeCollected(folder, {id, name: names[index] ?? id}, text, userDataOf(document), env).then(
        files => ({document, json, files}),
        thrown => ({error: asVpcmdError(thrown)}),
      )
    }),
  )
}

/**
 * Names for the files of instances, without an ending, in their order. A name from outside never leads out of the folder:
 * one that is not as IBM's are, or that another instance has as well, is replaced by the ID.
 */
export function fileNames(instances: readonly {id: string; name: string}[]): string[] {
  const counts = countEach(instances.map(({name}) => name))
  return instances.map(({id, name}) => {
    const isAlone = counts.get(name) === 1
    // Windows takes some names for devices, whatever their ending.
    const isDevice = /^(con|prn|aux|nul|(com|lpt)\d)$/.test(name)
    return isAlone && !isDevice && /^[a-z0-9][-a-z0-9]{0,62}$/.test(name) ? name : idName(id)
  })
}

/** An ID as IBM's are, which no name can be; for any other a name that tells it apart on every disk. */
function idName(id: string): string {
  return /^[0-9a-z]{4}_[-0-9a-z]{1,59}$/.test(id) ? id : `id_${hashedName(id)}`
}

/**
 * Writes an instance's JSON, and its user data where there is any, into a folder that is made (0700) if need be, under a
 * name of `fileNames`, or under the ID where the files of that name are another instance's. Nobody else can read them
 * (0600), and what is there is replaced as a whole: user data that was collected before goes where the instance has none
 * now (null), and stays where it was not asked for (undefined). Throws VpcmdError where they can't be written.
 */
export async function writeCollected(
  folder: string,
  {id, name}: {id: string; name: string},
  json: string,
  userData: string | null | undefined,
  env: NodeJS.ProcessEnv,
): Promise<CollectedFiles> {
  const owner = await ownerOf(join(folder, `${name}.json`))
  const own = owner === undefined || owner === id ? name : idName(id)
  const [file, userDataFile] = [join(folder, `${own}.json`), join(folder, `${own}.user-data`)]
  // The JSON last: where it is new, all is.
  const isWritten = typeof userData === 'string'
  if (isWritten) await settle(userDataFile, env, writePrivate(userDataFile, userData))
  // One that has no JSON of this instance beside it is somebody else's.
  else if (userData === null && owner === id) await settle(userDataFile, env, rm(userDataFile, {force: true}))
  await settle(file, env, writePrivate(file, json))
  return {file, userDataFile: isWritten ? userDataFile : undefined}
}

/** The ID of the instance whose JSON is in a file; undefined where it is none of ours. */
async function ownerOf(file: string): Promise<string | undefined> {
  try {
    // A link may lead to what never ends.
    if (!(await lstat(file)).isFile()) return undefined
    const {id} = Object(JSON.parse(await readFile(file, 'utf8')))
    return typeof id === 'string' ? id : undefined
  } catch {
    return undefined
  }
}

function settle(file: string, env: NodeJS.ProcessEnv, change: Promise<void>): Promise<void> {
  return change.catch((error: unknown) => {
    throw notWritten(file, error, env)
  })
}
