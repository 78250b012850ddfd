import {describe, expect, it} from 'vitest'
import {quoteCommand} from '../../src/quote-command.ts'
import {loginFor} from '../../src/ssh/login.ts'
import {checkJumpHost, checkUser} from '../../src/ssh/ssh-arguments.ts'
import {explainFailure} from '../../src/ssh/ssh-failures.ts'

// The table of ibm-cloud-docs/vpc, vsi_is_connecting_linux_gc.md, by names of stock images and of operating systems.
it.each([
  ['ibm-ubuntu-24-04-6-minimal-amd64-3', 'ubuntu'],
  ['ibm-redhat-9-2-minimal-amd64-5', 'vpcuser'],
  ['ibm-redhat-ai-nvidia-1-5-2-amd64-1', 'cloud-user'],
  ['red-9-amd64 Red Hat Enterprise Linux', 'vpcuser'],
  ['rhel-ai-1-5-amd64 Red Hat Enterprise Linux AI', 'cloud-user'],
  ['ibm-sles-15-6-amd64-2', 'vpcuser'],
  ['ibm-debian-12-6-minimal-amd64-1', 'vpcuser'],
  ['ibm-rocky-linux-9-4-minimal-amd64-1', 'vpcuser'],
  ['ibm-centos-stream-9-amd64-9', 'vpcuser'],
  ['ibm-fedora-coreos-42-stable-1', 'core'],
  ['ibm-windows-server-2022-full-standard-amd64-18', 'Administrator'],
  ['windows-2019-amd64 Windows Server', 'Administrator'],
  ['ibm-zos-3-1-s390x-dev-test-wazi-1', 'ibmuser'],
  ['generic Other', undefined],
  ['', undefined],
])('the user of %s is %s', (system, user) => {
  expect(loginFor(system)?.user).toBe(user)
})

describe('checkUser and checkJumpHost', () => {
  it('take what users and hosts are', () => {
    for (const user of ['root', 'first.last', 'DOMAIN\\me', 'svc_1', 'machine$', 'alice@corp.example.com'])
      expect(checkUser(user)).toBe(user)
    for (const host of [
      'bastion',
      'me@10.0.0.1:2222',
      'a,b@c',
      '[fd00::1]:22',
      'me@[fd00::1]',
      'a-b.example.com:65535',
      '[bastion]:22',
    ]) {
      expect(checkJumpHost(host)).toBe(host)
    }
  })

  it('refuse what a shell or ssh would read as something else', () => {
    for (const text of [
      '',
      '-l',
      'a b',
      'a;b',
      '$(id)',
      '`id`',
      'a\nb',
      "a'b",
      'a|b',
      '../x',
      '-x',
      'user@-x',
      'a\\',
    ]) {
      expect(() => checkUser(text)).toThrow(/is not the name of a user/)
      expect(() => checkJumpHost(text)).toThrow(/is not a host to jump over/)
    }
    // Behind a user or another host it is a word of its own again.
    for (const via of ['me@-Fevil', 'bastion,-v', 'bastion,-v@b', '[-Fx]', 'me@[-oX]', 'a,[-v]:22', '-@b', '-l@b']) {
      expect(() => checkJumpHost(via)).toThrow(/is not a host to jump over/)
    }
    // ssh puts the name of the other host there, or fails at it.
    for (const via of ['%h', 'a%h', 'me%r@b', '[fd00::1%eth0]', 'a%%b']) {
      expect(() => checkJumpHost(via)).toThrow(/is not a host to jump over/)
    }
    for (const via of [
      ',',
      'a,',
      ',a',
      'a,,b',
      'a:',
      'a:0',
      'a:65536',
      'a:99999',
      'a:-1',
      'fd00::1',
      '@a',
      'a@',
      'a@b@c',
      '[]',
      '[a',
      'a]',
      '[:]',
    ]) {
      expect(() => checkJumpHost(via)).toThrow(/is not a host to jump over/)
    }
  })
})

it('quotes only what needs it', () => {
  expect(quoteCommand(['ssh', '-i', '/home/me/.ssh/id_rsa', 'ubuntu@1.2.3.4'])).toBe(
    'ssh -i /home/me/.ssh/id_rsa ubuntu@1.2.3.4',
  )
  expect(quoteCommand(['', "it's", 'a b', '$x', '~'])).toBe(`'' 'it'\\''s' 'a b' '$x' '~'`)
  expect(quoteCommand(['a\nb', '\u001b[31m', "'\\\u0007"])).toBe(
    `'a\nb' ''"$(printf '\\033')"'[31m' ''\\''\\'"$(printf '\\007')"''`,
  )
})

it('names the host that is jumped over where it is the one that failed', () => {
  const destination = {instance: {id: 'x', name: 'web'}, user: 'me', address: '10.0.0.1', via: 'root@bastion'}
  const failures: [string, RegExp][] = [
    ['root@127.0.0.1: Permission denied (publickey).\r\n', /^root@bastion, which it jumps over, refused/],
    ['me@10.0.0.1: Permission denied (publickey).\r\n', /^web refused me/],
    ['ssh: connect to host 127.0.0.1 port 22: Connection refused\r\n', /^root@bastion, .* does not answer/],
    ['channel 0: open failed: connect failed: Connection refused\r\n', /^web does not answer at 10\.0\.0\.1/],
    [
      '@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nOffending RSA key in /kh:3\nHost key for [127.0.0.1]:47422 has changed and\nHost key verification failed.',
      /^The host key of root@bastion, which it jumps over, is not the one that is recorded in known_hosts/,
    ],
    [
      'No ED25519 host key is known for [127.0.0.1]:22 and you have requested strict checking.\nHost key verification failed.',
      /^The host key of root@bastion, .* was not accepted/,
    ],
    ['Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures', /^web refused me/],
  ]
  for (const [said, message] of failures) expect(explainFailure(said, destination)?.message).toMatch(message)
})

it('takes nobody else to be ssh, and names no file that is named to it', () => {
  const destination = {instance: {id: 'x', name: 'web'}, user: 'me', address: '10.0.0.1', via: 'root@bastion:2222'}
  const warning =
    'WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\nOffending ED25519 key in /root/.ssh/known_hosts:3\n'
  expect(explainFailure(warning, destination)).toBeUndefined()
  const hint = explainFailure(`${warning}Host key verification failed.`, destination)?.hint
  expect(hint).toMatch(/ssh-keygen -R 10\.0\.0\.1$/)
  const hop = `${warning}Host key for bastion has changed and\nHost key verification failed.`
  expect(explainFailure(hop, destination)?.hint).toMatch(/ssh-keygen -R bastion$/)
})

it('says nothing of failures that it does not know', () => {
  const destination = {instance: {id: 'x', name: 'web'}, user: 'me', address: '10.0.0.1'}
  expect(explainFailure('ssh: something new', destination)).toBeUndefined()
  // What a command says that ran there.
  for (const said of ['cat: /root/x: Permission denied', 'curl: (7) Connection refused', 'it timed out']) {
    expect(explainFailure(said, destination)).toBeUndefined()
  }
  expect(explainFailure('ssh: connect to host 10.0.0.1 port 22: Connection timed out', destination)?.code).toBe(
    'ssh_unreachable',
  )
  expect(explainFailure('Host key verification failed.', destination)?.code).toBe('host_key_unknown')
})
