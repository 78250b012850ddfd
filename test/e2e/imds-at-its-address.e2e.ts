import {spawn, spawnSync} from 'node:child_process'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, it} from 'vitest'
import {freshEnvironment, vpcmdPath} from '../support/run-vpcmd.ts'

// Without --endpoint the service is looked for at its link-local address: in a network of the test's own, where the
// sandbox has that address.
const isolated = ['--map-root-user', '--net']
const canIsolate = spawnSync('unshare', [...isolated, 'ip', 'link', 'set', 'lo', 'up']).status === 0

const folder = mkdtempSync(join(tmpdir(), 'vpcmd-address-'))
afterAll(() => rmSync(folder, {recursive: true, force: true}))

const script = `
set -eu
vpcmd() { "$NODE" "$VPCMD" "$@"; }
try() { code=0; "$@" >"$WORK/out" 2>"$WORK/err" || code=$?; echo "== $name: $code"; cat "$WORK/out" "$WORK/err"; }
ip link set lo up
name='no route' try vpcmd imds token
ip addr add 169.254.169.254/32 dev lo
name='refused' try vpcmd imds token
id=0217_f0d37102-ecb0-42fe-afde-61f0a96a403c
# Not by the function: what ends it would end the shell around it alone.
"$NODE" "$VPCMD" sandbox start --port 4010 --metadata-ca "$WORK/ca.pem" \\
  --metadata $id=169.254.169.254:80 --metadata $id=169.254.169.254:443 >/dev/null 2>&1 &
sandbox=$!
trap 'kill $sandbox' EXIT
wait='--timeout 60'
export IBMCLOUD_API_KEY=sandbox-api-key-not-a-secret VPC_URL=http://127.0.0.1:4010/v1 VPC_AUTH_URL=http://127.0.0.1:4010
tries=0
until vpcmd sandbox addresses $id >/dev/null 2>&1; do tries=$((tries + 1)); [ $tries -lt 100 ]; sleep 0.1; done
name='https' try vpcmd imds instance -q --ca-file "$WORK/ca.pem" $wait
name='https, CA by Node' try env NODE_EXTRA_CA_CERTS="$WORK/ca.pem" "$NODE" "$VPCMD" imds user-data $wait
name='https, no CA' try vpcmd imds instance -q --timeout 5
vpcmd metadata enable $id --protocol http >/dev/null
name='http' try vpcmd imds instance -q $wait
vpcmd imds script --path instance >"$WORK/script"
name='script' try sh "$WORK/script"
vpcmd metadata disable $id --yes >/dev/null
name='off' try vpcmd imds instance -q
`

it.skipIf(!canIsolate)('the service is found by itself, over the protocol that it speaks', async () => {
  const env = freshEnvironment({WORK: folder, NODE: process.execPath, VPCMD: vpcmdPath})
  const child = spawn('unshare', [...isolated, 'sh', '-c', script], {env})
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
  }
  const code = await new Promise(resolve => child.on('close', resolve))
  const said = Object.fromEntries(
    text
      .split(/^== /m)
      .slice(1)
      .map(part => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]),
  )
  const id = '0217_f0d37102-ecb0-42fe-afde-61f0a96a403c'
  expect({code, ...said}).toEqual({
    code: 0,
    'no route: 1': expect.stringMatching(/^Error: The metadata service does not answer .*no route/),
    'refused: 1': expect.stringMatching(/^Error: The metadata service does not answer .*connection refused/),
    'https: 0': `${id}\n`,
    'https, CA by Node: 0': expect.stringContaining('Grüße'),
    'https, no CA: 1': expect.stringMatching(/^Error: .*https:\/\/api\.metadata\.cloud\.ibm\.com.*not trusted/),
    'http: 0': `${id}\n`,
    'script: 0': expect.stringContaining(`"${id}"`),
    'off: 1': expect.stringMatching(/^Error: The metadata service does not answer .*no answer in time/),
  })
})
