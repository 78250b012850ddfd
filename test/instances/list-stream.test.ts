import {describe, expect, it} from 'vitest'
import {allowSeconds} from '../support/allow-seconds.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, runShell, vpcmdPath} from '../support/run-vpcmd.ts'
import {startTestCloud, type TestCloud} from '../support/test-cloud.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

let test: TestCloud

async function start(options: Parameters<typeof startTestCloud>[0]): Promise<Record<string, string>> {
  test = await startTestCloud(options)
  return freshEnvironment(test.sandbox.environment)
}

const fleetIds = () =>
  test.sandbox.fleet
    .list()
    .map(({id}) => id)
    .sort()

const linesOf = (text: string) => text.split(/\r?\n/).filter(line => line !== '')

describe('instances list --sort none', () => {
  it('prints the same instances as a sorted list, one JSON line each, without floating IPs', async () => {
    const env = await start({instances: 1200, vpcs: 6, regions: ['us-south', 'eu-de']})
    const {code, stdout, stderr} = await runInProcess(['instances', 'list', '-o', 'jsonl', '--sort', 'none'], {env})
    expect([code, stderr]).toEqual([0, ''])
    const rows = linesOf(stdout).map(line => JSON.parse(line))
    expect(rows.map(({id}) => id).sort()).toEqual(fleetIds())
    expect(rows.every(({floating_ips: addresses}) => addresses === null)).toBe(true)
    expect(test.requests.some(({path}) => path.endsWith('/floating_ips'))).toBe(false)
    const sorted = await runInProcess(['instances', 'list', '-o', 'jsonl'], {env})
    const withoutAddresses = (row: object) => JSON.stringify({...row, floating_ips: null})
    expect(rows.map(withoutAddresses).sort()).toEqual(
      linesOf(sorted.stdout)
        .map(line => withoutAddresses(JSON.parse(line)))
        .sort(),
    )
  })

  it('has the floating IPs where their column is asked for', async () => {
    const env = await start({})
    const args = ['instances', 'list', '--sort', 'none', '--columns', 'name,floating-ip', '-r', 'us-south']
    const json = await runInProcess([...args, '-o', 'jsonl'], {env})
    const addresses = Object.fromEntries(
      linesOf(json.stdout)
        .map(line => JSON.parse(line))
        .map(({name, floating_ips: each}) => [name, each]),
    )
    expect(addresses['my-virtual-server-2']).toEqual(['169.47.94.48'])
    const csv = await runInProcess([...args, '-o', 'csv'], {env})
    expect(linesOf(csv.stdout)[0]).toBe('Name,Floating IP')
    expect(linesOf(csv.stdout)).toContain('my-virtual-server-2,169.47.94.48')
    expect(linesOf(csv.stdout)).toHaveLength(linesOf(json.stdout).length + 1)
  })

  it.each([
    [['-q'], (text: string) => linesOf(text)],
    [['-o', 'json'], (text: string) => JSON.parse(text).map(({id}: {id: string}) => id)],
    [['--columns', 'id'], (text: string) => linesOf(text).slice(1)],
    [['--columns', 'id', '-o', 'csv'], (text: string) => linesOf(text).slice(1)],
  ] as const)('holds for %j as well', async (flags, idsIn) => {
    const env = await start({instances: 700, vpcs: 3, regions: ['us-south']})
    const {code, stdout} = await runInProcess(['instances', 'list', '--sort', 'none', ...flags], {env})
    expect(code).toBe(0)
    expect([...idsIn(stdout)].sort()).toEqual(fleetIds())
  })

  it('ends quietly, and asks for no more, when the reader closes the pipe', async () => {
    const env = await start({instances: 20_000, vpcs: 40, regions: ['us-south']})
    const {stdout, stderr} = await runShell(
      '{ vpcmd instances list -o jsonl --sort none; echo "exit $?" >&2; } | head -1',
      env,
    )
    expect(linesOf(stdout)).toHaveLength(1)
    expect(stderr).toBe('exit 0\n')
    // Of more than two hundred pages, those that were under way at most.
    expect(test.requests.filter(({path}) => path.endsWith('/v1/instances')).length).toBeLessThan(100)
  })

  it('prints what it has, and exits with 1, when a region fails midway', async () => {
    const env = await start({
      instances: 1000,
      vpcs: 2,
      regions: ['us-south', 'eu-de'],
      faults: [{kind: '403', path: /eu-de\/v1\/instances\?.*start=/}],
    })
    const {code, stdout, stderr} = await runInProcess(['instances', 'list', '-q', '--sort', 'none'], {env})
    expect(code).toBe(1)
    expect(linesOf(stdout)).toHaveLength(600)
    expect(stderr).toContain('eu-de')
  })

  it('ends with 130 on Ctrl-C', async () => {
    const env = await start({instances: 5000, vpcs: 1, regions: ['us-south'], latencyMs: 200})
    const {stdout, stderr} = await runShell(
      '"$NODE" "$VPCMD" instances list -o jsonl --sort none & sleep 1.5; kill -INT $!; wait $!; echo "exit $?" >&2',
      {...env, NODE: process.execPath, VPCMD: vpcmdPath},
    )
    expect(linesOf(stdout).length).toBeLessThan(5000)
    expect(stderr).toContain('exit 130')
  })
})
