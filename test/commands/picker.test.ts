import {afterEach, describe, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {keys, type Pty, startPty} from '../support/pty.ts'
import {startInProcess} from '../support/run-in-process.ts'
import {freshEnvironment, vpcmdPath} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

let sandbox: Sandbox
let pty: Pty
let patches: unknown[]

afterEach(async () => {
  pty.kill()
  await sandbox.close()
})

async function open(
  args: string[],
  options: {instances?: number; cols?: number; env?: Record<string, string>} = {},
  start = startInProcess,
) {
  patches = []
  sandbox = await startSandbox({
    instances: options.instances,
    onRequest: ({method, body}) => {
      if (method !== 'GET' && body !== undefined && method === 'PATCH') patches.push(body)
    },
  })
  const env = freshEnvironment({...sandbox.environment, ...options.env})
  pty = start(args, {cols: options.cols ?? 100, env})
}

const settingsOf = (name: string) => sandbox.fleet.list().find(each => each.name === name)?.metadata_service

async function pickServerTwo() {
  await pty.reply('9 of 9 shown', 'server-2')
  await pty.reply('1 of 9 shown', keys.space)
  await pty.reply('1 selected', keys.enter)
}

describe('metadata enable without an instance', () => {
  it('picks, asks what no flag gave, shows the plan, asks, and changes', async () => {
    await open(['metadata', 'enable'])
    await pickServerTwo()
    // Enter alone keeps what is there: nobody goes from https to http by it.
    await pty.reply('> keep as it is: http', keys.down)
    await pty.reply('> https', keys.enter)
    await pty.waitFor('Hop limit (1-64)? (keep as it is: 1)')
    for (const wrong of ['0', '65', '1.5', 'abc', '-1']) {
      pty.write(`${wrong}${keys.enter}`)
      await pty.reply(`not "${wrong}"`, keys.backspace.repeat(wrong.length))
    }
    pty.write(`2${keys.enter}`)
    await pty.waitFor(/off\s+->\s+https\/2/)
    expect(patches).toEqual([])
    await pty.reply(/\(1\s+switched\s+on\s+with\s+https\/2\)\?\s+\(y\/N\)/, `y${keys.enter}`)
    expect(await pty.exit).toEqual({exitCode: 0})
    expect(pty.everything()).toMatch(/my-virtual-server-2 .* off +https\/2 +changed/)
    expect(patches).toEqual([{metadata_service: {enabled: true, protocol: 'https', response_hop_limit: 2}}])
    expect(settingsOf('my-virtual-server-2')).toEqual({enabled: true, protocol: 'https', response_hop_limit: 2})
    expect(pty.cursorVisible()).toBe(true)
  })

  it('asks only for what no flag gave, and sends nothing after a no', async () => {
    await open(['metadata', 'enable', '--protocol', 'https', '--hop-limit', '3'])
    await pickServerTwo()
    await pty.waitFor('(y/N)')
    expect(pty.screen()).not.toContain('Protocol?')
    pty.write(keys.enter)
    expect(await pty.exit).toEqual({exitCode: 1})
    expect(pty.everything()).toContain('Nothing was sent.')
    // A tick is for what was done.
    expect(pty.everything()).toMatch(/^\? .*\? No$/ms)
    expect(pty.everything()).not.toContain('✓')
    expect(patches).toEqual([])
  })

  const keepProtocol = () => pty.reply('> keep as it is: http', keys.enter)
  // How far to go before leaving.
  const steps: [string, (() => Promise<void>)[]][] = [
    ['at the list', [() => pty.waitFor('9 of 9 shown')]],
    ['at the protocol', [pickServerTwo, () => pty.waitFor('> keep as it is: http')]],
    ['at the hop limit', [pickServerTwo, keepProtocol, () => pty.waitFor('Hop limit (1-64)?')]],
    [
      'at the last question',
      [pickServerTwo, keepProtocol, () => pty.reply('Hop limit (1-64)?', keys.enter), () => pty.waitFor('(y/N)')],
    ],
  ]
  describe.each(steps)('left %s', (_where, walk) => {
    it('with Ctrl-C sends nothing, exits 130 and gives the cursor back', async () => {
      await open(['metadata', 'enable'])
      for (const step of walk) await step()
      pty.write(keys.ctrlC)
      expect(await pty.exit).toEqual({exitCode: 130})
      expect(pty.everything()).toContain('nothing was sent')
      expect(patches).toEqual([])
      expect(pty.cursorVisible()).toBe(true)
    })
  })

  it('goes back question by question with Esc, keeps what was ticked, and leaves at the first', async () => {
    await open(['metadata', 'enable'])
    for (const step of steps.at(-1)?.[1] ?? []) await step()
    pty.write(keys.esc)
    await pty.reply('(keep as it is: 1)', keys.esc)
    await pty.reply('> keep as it is: http', keys.esc)
    await pty.waitFor('1 selected, 9 of 9 shown')
    expect(pty.screen()).toContain('[x] my-virtual-server-2')
    pty.write(keys.enter)
    await pty.reply('> keep as it is: http', keys.down + keys.enter)
    await pty.reply('(keep as it is: 1)', `3${keys.enter}`)
    await pty.waitFor('(y/N)')
    for (const earlier of ['(keep as it is: 1)', '> keep as it is: http', '1 selected, 9 of 9 shown']) {
      pty.write(keys.esc)
      await pty.waitFor(earlier)
    }
    pty.write(keys.esc)
    expect(await pty.exit).toEqual({exitCode: 130})
    expect(pty.everything()).toContain('nothing was sent')
    expect(patches).toEqual([])
    expect(pty.cursorVisible()).toBe(true)
  })

  it('erases with Esc the answers and the preview that no longer hold', async () => {
    await open(['metadata', 'enable'])
    for (const step of steps.at(-1)?.[1] ?? []) await step()
    expect(pty.screen()).toContain('off -> http/1')
    pty.write(keys.esc)
    await pty.waitFor('(keep as it is: 1)')
    expect(pty.screen()).not.toContain('off -> http/1')
    expect(pty.screen().match(/Hop limit/g)).toHaveLength(1)
    pty.write(keys.esc)
    await pty.waitFor('> keep as it is: http')
    expect(pty.screen()).not.toContain('Hop limit')
    expect(pty.screen().match(/Protocol\?/g)).toHaveLength(1)
    pty.write(keys.esc)
    await pty.waitFor('1 selected, 9 of 9 shown')
    expect(pty.screen()).not.toContain('Protocol?')
    expect(pty.screen().match(/of which instances\?/g)).toHaveLength(1)
  })

  it('sends what was answered last', async () => {
    await open(['metadata', 'enable'])
    await pickServerTwo()
    await pty.reply('> keep as it is: http', keys.down + keys.enter)
    await pty.reply('(keep as it is: 1)', keys.esc)
    await pty.reply('> keep as it is: http', keys.down + keys.down + keys.enter)
    await pty.reply('(keep as it is: 1)', keys.enter)
    await pty.reply('(y/N)', `y${keys.enter}`)
    expect(await pty.exit).toEqual({exitCode: 0})
    // Not https, which was the answer before: it is http already.
    expect(patches).toEqual([{metadata_service: {enabled: true}}])
  })

  it('narrows 5,000 instances as one types, and takes several', async () => {
    await open(['metadata', 'disable', '--yes'], {instances: 5000})
    await pty.reply('5000 of 5000 shown', '0499')
    await pty.waitFor(/ (\d+) of 5000 shown/)
    await pty.reply(/ \d{1,2} of 5000 shown/, keys.ctrlA)
    await pty.waitFor(/[1-9]\d* selected/)
    // The search goes first, and what was selected stays.
    pty.write(keys.esc)
    await pty.reply(/[1-9]\d* selected, 5000 of 5000 shown/, keys.esc)
    expect(await pty.exit).toEqual({exitCode: 130})
    expect(patches).toEqual([])
  })
})

describe('show without an instance', () => {
  it('picks one, in 40 columns too', async () => {
    await open(['metadata', 'show'], {cols: 40})
    await pty.waitFor('9 of 9 shown')
    expect(pty.screen().match(/^[ >] my-virtual-server-[123] /gm)).toHaveLength(3)
    pty.write('server-3')
    await pty.waitFor('1 of 9 shown')
    expect(pty.screen()).toContain('\n0727_d7ff31ef-75ed-42c6-b0fb')
    expect(
      Math.max(
        ...pty
          .screen()
          .split('\n')
          .map(line => line.length),
      ),
    ).toBeLessThanOrEqual(40)
    pty.write(keys.enter)
    expect(await pty.exit).toEqual({exitCode: 0})
    expect(pty.everything()).toContain('my-virtual-server-3')
    expect(
      Math.max(
        ...pty
          .everything()
          .split('\n')
          .map(line => line.length),
      ),
    ).toBeLessThanOrEqual(40)
  })
})

describe('vpcmd alone', () => {
  it('is a console: pick, see the details, change, go back, leave', async () => {
    // The whole of it in a process, on a terminal of the system.
    await open([], {}, (args, options) => startPty(process.execPath, [vpcmdPath, ...args], options))
    await pty.reply('9 of 9 shown', 'server-2')
    await pty.reply('1 of 9 shown', keys.enter)
    await pty.waitFor('my-virtual-server-2: metadata service off')
    expect(pty.everything()).toContain('169.47.94.48')
    pty.write(`${keys.down}${keys.down}`)
    await pty.reply('> Change the hop limit (1)', keys.enter)
    await pty.reply('Hop limit (1-64)? (keep as it is: 1)', `4${keys.enter}`)
    await pty.reply('off, hop limit 1 -> 4. Go on? (y/N)', `y${keys.enter}`)
    await pty.waitFor('Change the hop limit (4)')
    expect(patches).toEqual([{metadata_service: {response_hop_limit: 4}}])
    pty.write(`${keys.up}${keys.up}`)
    await pty.reply('> Back to the list', keys.enter)
    await pty.reply('9 of 9 shown', keys.ctrlC)
    expect(await pty.exit).toEqual({exitCode: 130})
    expect(pty.cursorVisible()).toBe(true)
  })
})

describe('the console', () => {
  it('shows at most ten lines of an instance, all on demand, and goes one step back with Esc', async () => {
    await open(['console'])
    await pty.reply('9 of 9 shown', `server-2${keys.enter}`)
    await pty.waitFor('my-virtual-server-2: metadata service off')
    const details = /server-2\n([\s\S]*?)\n\? /.exec(pty.screen())?.[1] ?? ''
    expect(details.split('\n').length).toBeLessThanOrEqual(10)
    expect(details).toMatch(/^Addresses +10\.240\.64\.11, 169\.47\.94\.48$/m)
    expect(details).not.toContain('NUMA')
    pty.write(keys.down.repeat(6))
    await pty.reply('> Show all details', keys.enter)
    await pty.reply(screen => /^Health state/m.test(screen) && screen.includes('> Enable'), keys.enter)
    await pty.reply('> keep as it is: http', keys.esc)
    await pty.reply('> Enable the metadata service', keys.esc)
    await pty.reply('9 of 9 shown', keys.esc)
    expect(await pty.exit).toEqual({exitCode: 130})
    expect(patches).toEqual([])
  })
})

describe('a name that two instances have', () => {
  it('is asked about on a terminal', async () => {
    await open(['metadata', 'show', 'web-1'])
    await pty.waitFor('2 instances are called web-1. Which one?')
    await pty.reply('2 of 2 shown', `tok${keys.enter}`)
    expect(await pty.exit).toEqual({exitCode: 0})
    expect(pty.everything()).toMatch(/^web-1 .*jp-tok-1/m)
  })

  it('is changed once it is picked, and no other', async () => {
    await open(['metadata', 'enable', 'web-1', 'my-virtual-server-2', '--hop-limit', '7'])
    await pty.reply('2 of 2 shown', `eu-de${keys.enter}`)
    // A higher hop limit of a service that is on.
    await pty.reply('(y/N)', `y${keys.enter}`)
    expect(await pty.exit).toEqual({exitCode: 0})
    expect(patches).toHaveLength(2)
    const changed = sandbox.fleet.list().filter(({metadata_service: {response_hop_limit: hops}}) => hops === 7)
    expect(changed.map(({zone}) => zone).sort()).toEqual(['eu-de-1', 'us-south-2'])
  })

  it.each([
    ['--yes', ['metadata', 'enable', 'web-1', '--yes'], {}],
    ['--no-input', ['metadata', 'show', 'web-1', '--no-input'], {}],
    ['CI', ['metadata', 'show', 'web-1'], {CI: 'true'}],
  ])('is not asked about with %s', async (_why, args, more) => {
    await open(args, {env: more})
    expect(await pty.exit).toEqual({exitCode: 4})
    expect(pty.everything()).toContain('2 instances have the name web-1')
    expect(patches).toEqual([])
  })
})

describe('instances create without what it needs', () => {
  it('asks which instance to copy and for a name, says what is wrong with one, and goes back with Esc', async () => {
    await open(['instances', 'create', '--wait', '0'])
    await pty.waitFor('Create an instance like which one?')
    await pty.reply('9 of 9 shown', `server-2${keys.enter}`)
    await pty.reply('? Name of the new instance?', `Web_3${keys.enter}`)
    await pty.reply('Web_3 is not a valid instance name.', keys.esc)
    await pty.reply('9 of 9 shown', `server-3${keys.enter}`)
    await pty.reply('? Name of the new instance?', `web-33${keys.enter}`)
    await pty.reply('Create web-33 in us-south?', `y${keys.enter}`)
    expect(await pty.exit).toEqual({exitCode: 0})
    expect(sandbox.fleet.list().map(({name}) => name)).toContain('web-33')
  })

  it('says what is missing where nobody can be asked', async () => {
    await open(['instances', 'create', '--like', 'web-2', '--no-input'])
    expect(await pty.exit).toEqual({exitCode: 2})
    expect(pty.everything()).toContain('Error: NAME is missing.')
  })
})
