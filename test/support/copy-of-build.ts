import {chmodSync, cpSync, mkdtempSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {vpcmdPath} from './run-vpcmd.ts'

/** A folder with what is built, where anybody may look: the checkout may be where only root may. */
export function copyOfBuild(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vpcmd-of-all-'))
  chmodSync(folder, 0o755)
  for (const name of ['dist', 'package.json', 'oclif.manifest.json']) {
    cpSync(join(dirname(vpcmdPath), '..', name), join(folder, name), {recursive: true})
  }
  return folder
}
