import {fileURLToPath} from 'node:url'
import {expect, it} from 'vitest'
import {freshEnvironment, runFile} from '../support/run-vpcmd.ts'

const demo = fileURLToPath(new URL('../../.config/demo.mjs', import.meta.url))

it("the demo does IBM's page from enabling the service to an instance made of what it said", async () => {
  const {code, stdout} = await runFile(process.execPath, [demo], freshEnvironment({FORCE_COLOR: '0'}), '')
  expect(code).toBe(0)
  for (const shown of [
    /^my-virtual-server-2 .* off +https\/2 +changed$/m,
    /^\{"availability":/m,
    /^\{"keys":.*"user_data":"#cloud-config/m,
    // By the VPC API, to the instance's IAM token.
    /^\{"first":.*"total_count":1,"keys":/m,
    /^my-virtual-server-2 .* 75 bytes +collected\/my-virtual-server-2\.json/m,
    /^my-virtual-server-4 .* running +true +https +2 /m,
  ]) {
    expect(stdout).toMatch(shown)
  }
})
