import {afterEach, beforeEach, expect, it} from 'vitest'
import {type Sandbox, startSandbox} from '../../src/sandbox/index.ts'
import type {Prompter} from '../../src/terminal/prompts.ts'
import {runInProcess} from '../support/run-in-process.ts'
import {freshEnvironment} from '../support/run-vpcmd.ts'

let sandbox: Sandbox
beforeEach(async () => {
  sandbox = await startSandbox({transitionMs: 50})
})
afterEach(() => sandbox.close())

/** Somebody who answers in turn: with the name of a choice, a number, or yes and no. What is left over is not asked for. */
function answering(answers: (string | number | boolean)[]): Prompter {
  const chosen = <T>(choices: readonly {name: string; value: T}[]): T => {
    const answer = answers.shift()
    const found = choices.find(({name}) => name === answer)
    if (!found) throw new Error(`${answer} is none of ${choices.map(({name}) => name).join(', ')}.`)
    return found.value
  }
  function pick<T>(question: {choices: readonly {name: string; value: T}[]; multiple: true}): Promise<T[]>
  function pick<T>(question: {choices: readonly {name: string; value: T}[]; multiple: false}): Promise<T>
  async function pick<T>({choices, multiple}: {choices: readonly {name: string; value: T}[]; multiple: boolean}) {
    return multiple ? [chosen(choices)] : chosen(choices)
  }
  return {
    pick,
    choose: async ({choices}) => chosen(choices),
    number: async () => Number(answers.shift()),
    text: async () => String(answers.shift()),
    confirm: async () => answers.shift() === true,
    secret: async () => String(answers.shift()),
  }
}

const openConsole = (answers: (string | number | boolean)[]) =>
  runInProcess(['console'], {
    env: freshEnvironment(sandbox.environment),
    host: {prompter: async () => answering(answers)},
  })

const id = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'

it('changes what was chosen in the menus, and says so', async () => {
  const answers = ['my-virtual-server-2', 'Enable the metadata service', 'https', 2, true, 'Quit']
  const {code, stdout, stderr} = await openConsole(answers)
  expect({code, answers}).toEqual({code: 0, answers: []})
  expect(stdout).toMatch(/^ID +0727_ed12480a/m)
  expect(stderr).toMatch(/^Changed: off -> https\/2$/m)
  expect(sandbox.fleet.get(id)?.metadata_service).toEqual({enabled: true, protocol: 'https', response_hop_limit: 2})
})

it('sends nothing where the answer is no, or all is so already', async () => {
  const {code, stderr} = await openConsole([
    'my-virtual-server-2',
    'Change the hop limit (1)',
    1,
    'Enable the metadata service',
    'https',
    1,
    false,
    'Quit',
  ])
  expect(code).toBe(0)
  expect(stderr).toMatch(/^Already set: nothing was sent\.\nNothing was sent\.\n$/)
  expect(sandbox.fleet.get(id)?.metadata_service.enabled).toBe(false)
})

it('stops and starts an instance, with the questions of those commands, and shows how it is then', async () => {
  const answers = ['my-virtual-server-2', 'Stop it', true, 'Start it', 'Stop and start it', false, 'Quit']
  const {code, stdout, stderr} = await openConsole(answers)
  expect({code, answers}).toEqual({code: 0, answers: []})
  expect(stdout).toMatch(/^my-virtual-server-2 .* running +stopped +changed/m)
  expect(stdout).toMatch(/^my-virtual-server-2 .* stopped +running +changed/m)
  expect(stderr).toMatch(/^Nothing was sent\.$/m)
  expect(sandbox.fleet.get(id)?.status).toBe('running')
})
