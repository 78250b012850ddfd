import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {pathToFileURL} from 'node:url'
import {Ajv} from 'ajv'
import {validate} from 'dockerfile-utils'
import {globSync} from 'tinyglobby'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {parseAllDocuments} from 'yaml'
import {type Sandbox, startSandbox} from '../src/sandbox/index.ts'
import {bundle} from './support/bundle.ts'
import {runInProcess} from './support/run-in-process.ts'
import {freshEnvironment} from './support/run-vpcmd.ts'
import type {workflowProblems} from './support/workflow-problems.ts'

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')

let sandbox: Sandbox
let folder: string
beforeAll(async () => {
  sandbox = await startSandbox({account: 'a1234567'})
  folder = mkdtempSync(join(tmpdir(), 'vpcmd-deploy-'))
})
afterAll(async () => {
  await sandbox.close()
  rmSync(folder, {recursive: true})
})

/** Runs what a manifest runs, with its policy, on the sandbox; and on its own variables, where there is no token. */
async function runAsThere(args: string[], policy: string, variables: Record<string, string>) {
  writeFileSync(join(folder, 'policy.yaml'), policy)
  const here = args.map(arg => arg.replace('/etc/vpcmd', folder))
  const audit = await runInProcess(here, {env: freshEnvironment(sandbox.environment)})
  const {IBMCLOUD_API_KEY: _, ...others} = sandbox.environment
  const denied = await runInProcess(here, {env: freshEnvironment({...others, ...variables})})
  return {audit, denied}
}

describe('deploy/kubernetes/cronjob.yaml', () => {
  const ajv = new Ajv({strict: false}).addSchema(JSON.parse(read('test/contract/kubernetes.schema.json')), 'kubernetes')
  const documents = parseAllDocuments(read('deploy/kubernetes/cronjob.yaml')).map(document => document.toJS())
  const problemsOf = (manifest: {kind: string}) => {
    const isValid = ajv.getSchema(`kubernetes#/$defs/${manifest.kind}`)
    if (!isValid) throw new Error(`no schema of ${manifest.kind}`)
    return isValid(manifest) ? [] : isValid.errors
  }
  const [account, config, cron] = documents
  const pod = cron.spec.jobTemplate.spec.template.spec
  const [container] = pod.containers

  it('is what Kubernetes takes', () => {
    expect(documents.map(({kind}) => kind)).toEqual(['ServiceAccount', 'ConfigMap', 'CronJob'])
    expect(documents.flatMap(problemsOf)).toEqual([])
  })

  it('is held against a schema that refuses a mistyped field and a missing one', () => {
    expect(problemsOf({...cron, spec: {...cron.spec, concurencyPolicy: 'Forbid'}})).not.toEqual([])
    expect(problemsOf({...cron, spec: {jobTemplate: cron.spec.jobTemplate}})).not.toEqual([])
    expect(problemsOf({...config, data: {a: 1}})).not.toEqual([])
  })

  it('names what it refers to', () => {
    const volumes = new Map(pod.volumes.map((volume: {name: string}) => [volume.name, volume]))
    expect(container.volumeMounts.map(({name}: {name: string}) => volumes.has(name))).toEqual([true, true])
    expect(pod.serviceAccountName).toBe(account.metadata.name)
    expect(volumes.get('policy')).toMatchObject({configMap: {name: config.metadata.name}})
    const env = Object.fromEntries(container.env.map(({name, value}: {name: string; value: string}) => [name, value]))
    const [{serviceAccountToken}] = pod.volumes[1].projected.sources
    expect(env.VPC_CR_TOKEN_FILENAME).toBe(`${container.volumeMounts[1].mountPath}/${serviceAccountToken.path}`)
    expect(serviceAccountToken.audience).toBe('iam')
  })

  it('runs an audit that prints OCSF and ends with 5, and signs in with the token that it mounts', async () => {
    const env = Object.fromEntries(container.env.map(({name, value}: {name: string; value: string}) => [name, value]))
    const {audit, denied} = await runAsThere(container.args, config.data['policy.yaml'], env)
    expect(audit.code).toBe(5)
    expect(JSON.parse(audit.stdout.split('\n')[0] ?? '')).toMatchObject({class_uid: 2003})
    expect([denied.code, denied.stderr]).toEqual([3, expect.stringContaining(env.VPC_CR_TOKEN_FILENAME)])
  })

  it('asks for no more than the restricted pod security standard allows', () => {
    // kubernetes.io/docs/concepts/security/pod-security-standards, Restricted
    expect(pod.securityContext).toMatchObject({runAsNonRoot: true, seccompProfile: {type: 'RuntimeDefault'}})
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: {drop: ['ALL']},
    })
  })
})

describe('deploy/code-engine', () => {
  it('runs an audit that prints OCSF and ends with 5, and signs in with the token of the job', async () => {
    const [, commands = ''] = /```sh\n(.*?)```/s.exec(read('deploy/code-engine/README.md')) ?? []
    const all = (flag: string) =>
      [...commands.matchAll(new RegExp(`${flag} (\\S+)`, 'g'))].map(([, value = '']) => value)
    const env = Object.fromEntries(all('--env').map(text => text.split('=') as [string, string]))
    const policy = 'version: 1\nrules: [{name: all, require: {protocol: https}}]\n'
    const {audit, denied} = await runAsThere(all('--argument'), policy, env)
    expect([audit.code, JSON.parse(audit.stdout.split('\n')[0] ?? '').class_uid]).toEqual([5, 2003])
    expect([denied.code, denied.stderr]).toEqual([3, expect.stringContaining(env.VPC_CR_TOKEN_FILENAME ?? '-')])
  })
})

describe('workflows for GitHub Actions', () => {
  const inDocs = /```yaml\n(name: Metadata audit\n.*?)```/s.exec(read('docs/scripts.md'))?.[1] ?? ''
  const workflows = [...globSync('.github/workflows/*.yml', {dot: true}), 'deploy/github-actions/audit.yml']
  let problemsOf: typeof workflowProblems
  beforeAll(async () => {
    const reader = join(folder, 'workflow-problems.mjs')
    await bundle(new URL('support/workflow-problems.ts', import.meta.url), reader)
    const module: {workflowProblems: typeof workflowProblems} = await import(pathToFileURL(reader).href)
    problemsOf = module.workflowProblems
  })

  it.each([...workflows.map(file => [file, read(file)]), ['docs/scripts.md', inDocs]])(
    '%s is one',
    async (_file, text) => {
      expect(text).toContain('jobs:')
      expect(await problemsOf(text)).toEqual([])
    },
  )

  it('are held against what refuses a mistyped key, a wrong permission and an expression that is none', async () => {
    const text = read('deploy/github-actions/audit.yml')
    for (const [from, to] of [
      ['runs-on', 'run-on'],
      ['security-events: write', 'security-events: all'],
      ['hashFiles(', 'hashfile('],
    ] as const) {
      expect(await problemsOf(text.replace(from, to)), to).not.toEqual([])
    }
  })

  it('upload the SARIF log and write the summary where something violates the policy', async () => {
    const text = read('deploy/github-actions/audit.yml')
    const [, line = ''] = /run: vpcmd (.*)/.exec(text) ?? []
    const args = line.replaceAll('"', '').replace('$GITHUB_STEP_SUMMARY', join(folder, 'summary.md'))
    writeFileSync(join(folder, 'policy.yaml'), 'version: 1\nrules: [{name: all, require: {protocol: https}}]\n')
    writeFileSync(join(folder, 'summary.md'), '')
    const here = args
      .replace('policy.yaml', join(folder, 'policy.yaml'))
      .replace('=audit.sarif', `=${join(folder, 'audit.sarif')}`)
    const {code} = await runInProcess(here.split(' '), {env: freshEnvironment(sandbox.environment)})
    expect(code).toBe(5)
    expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toMatch(/^## Metadata service audit: not compliant/)
    expect(JSON.parse(readFileSync(join(folder, 'audit.sarif'), 'utf8')).runs).toHaveLength(1)
    expect(text).toMatch(/upload-sarif@v3\n\s+if: \$\{\{!cancelled\(\)/)
  })
})

describe('Dockerfile', () => {
  const text = read('Dockerfile')

  it('is one', () => {
    expect(validate(text)).toEqual([])
    expect(validate('FROM node\nUSR 1\n')).not.toEqual([])
  })

  it('copies only what .dockerignore lets in, and ends as a user by number, in vpcmd itself', () => {
    expect(text).toMatch(/^USER 65532:65532\nENTRYPOINT \["\/usr\/local\/bin\/vpcmd"\]\n$/m)
    const [first, ...rest] = read('.dockerignore')
      .split('\n')
      .filter(line => line && !line.startsWith('#'))
    expect(first).toBe('*')
    expect(rest.every(line => line.startsWith('!'))).toBe(true)
    for (const [, names = ''] of text.matchAll(/^COPY (package[^.]*\.json .*) \.\/$/gm)) {
      for (const name of names.split(' ')) expect(rest).toContain(`!${name}`)
    }
  })
})
