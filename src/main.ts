#!/usr/bin/env node
import {readFileSync} from 'node:fs'

const argv = process.argv.slice(2)
if (argv[0] === '--version' || argv[0] === '-v') {
  // The one answer that is worth no framework: whoever asks for it, asks often.
  const {name, version} = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`)
} else {
  const {runVpcmd} = await import('./run-vpcmd.ts')
  await runVpcmd(argv)
}
