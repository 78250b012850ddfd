import {createHash} from 'node:crypto'
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {maxPolicyBytes, parsePolicy} from '../../src/audit/read-policy.ts'
import {VpcmdError} from '../../src/errors.ts'
import {readInput} from '../../src/files/read-input.ts'
import {allowSeconds} from '../support/allow-seconds.ts'
import {freshEnvironment, runShell} from '../support/run-vpcmd.ts'

allowSeconds(20, 'It starts processes, which take their time on a machine that is busy.')

const good = `# Who may do what
version: 1
name: production
unmatched: deny
rules:
  - name: containers
    match:
      region: [us-south, eu-de]
      vpc: prod-*
      kind: instance
    require: {enabled: true, protocol: https, hop_limit: 1-2}
  - name: bare-metal
    match: {kind: [bare_metal_server]}
    require:
      enabled: false
  - name: rest
    require: {protocol: https, hop_limit: {max: 3}, even_while_off: true}
exemptions:
  - match: {name: 'legacy-??'}
    reason: Moves in spring.
    expires: 2027-03-31
`

describe('a policy', () => {
  it('is read with its rules in order, patterns as lists, ranges as bounds, and the lines they stand on', () => {
    expect(parsePolicy(good, 'policy.yaml')).toEqual({
      name: 'production',
      file: 'policy.yaml',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      unmatched: 'deny',
      rules: [
        {
          name: 'containers',
          match: {region: ['us-south', 'eu-de'], vpc: ['prod-*'], kind: ['instance']},
          require: {enabled: true, protocol: 'https', hop_limit: {min: 1, max: 2}},
          line: 6,
        },
        {name: 'bare-metal', match: {kind: ['bare_metal_server']}, require: {enabled: false}, line: 12},
        {
          name: 'rest',
          match: {},
          require: {protocol: 'https', hop_limit: {min: 1, max: 3}, even_while_off: true},
          line: 16,
        },
      ],
      exemptions: [{match: {name: ['legacy-??']}, reason: 'Moves in spring.', expires: '2027-03-31', line: 19}],
    })
  })

  it('has the name of its file, reports what no rule matches, and exempts nothing, unless it says otherwise', () => {
    const policy = parsePolicy('version: 1\nrules: [{name: a, require: {hop_limit: 64}}]\n', 'some/where.yaml')
    expect(policy).toMatchObject({name: 'where.yaml', unmatched: 'report', exemptions: []})
    expect(policy.rules[0]?.require).toEqual({hop_limit: {min: 64, max: 64}})
  })

  it('takes aliases, JSON and a byte order mark', () => {
    const aliased =
      'version: 1\nrules:\n - name: a\n   match: &x {vpc: p}\n   require: {enabled: true}\n - {name: b, match: *x, require: {enabled: true}}\n'
    expect(parsePolicy(aliased, 'p').rules.map(({match}) => match)).toEqual([{vpc: ['p']}, {vpc: ['p']}])
    expect(
      parsePolicy('\uFEFF{"version": 1, "rules": [{"name": "a", "require": {"enabled": true}}]}', 'p').rules,
    ).toHaveLength(1)
  })
})

const rule = (require: string, match = '') => `version: 1\nrules:\n  - name: a\n${match}    require: ${require}\n`
const exemption = (lines: string) => `${rule('{enabled: true}')}exemptions:\n  - ${lines}\n`

describe('a wrong policy', () => {
  it.each([
    ['an unknown key', 'version: 1\nrulez: []\n', '2:1: there is no key rulez in the policy: did you mean rules?'],
    [
      'an unknown key of a rule',
      rule('{enabled: true}', '    matches: {}\n'),
      '4:5: there is no key matches in rules[0]: did you mean match?',
    ],
    [
      'an unknown selector',
      rule('{enabled: true}', '    match:\n      regoin: us-south\n'),
      '5:7: there is no key regoin in rules[0].match: did you mean region?',
    ],
    [
      'an unknown requirement',
      rule('{protocol: https, hoplimit: 1}'),
      '4:32: there is no key hoplimit in rules[0].require: did you mean hop_limit?',
    ],
    [
      'a key like none',
      rule('{enabled: true, colour: red}'),
      '4:30: there is no key colour in rules[0].require: there are enabled, protocol, hop_limit, even_while_off.',
    ],
    [
      'a key of JavaScript',
      rule('{enabled: true, __proto__: {}}'),
      '4:30: there is no key __proto__ in rules[0].require',
    ],
    [
      'text for a boolean',
      rule('{enabled: yes}'),
      '4:24: rules[0].require.enabled must be true or false, not the text yes.',
    ],
    [
      'another protocol',
      rule('{protocol: HTTPS}'),
      '4:25: rules[0].require.protocol must be one of https, http, not the text HTTPS.',
    ],
    [
      'a hop limit too high',
      rule('{hop_limit: 65}'),
      '4:26: rules[0].require.hop_limit must be a whole number from 1 to 64, or a range such as 1-2 or {min: 1, max: 2}, not 65.',
    ],
    [
      'a hop limit of text',
      rule('{hop_limit: 0-2}'),
      '4:26: rules[0].require.hop_limit.min must be a whole number from 1 to 64, not 0.',
    ],
    [
      'a range that runs backwards',
      rule('{hop_limit: 3-2}'),
      '4:26: rules[0].require.hop_limit begins above where it ends.',
    ],
    ['a fraction', rule('{hop_limit: 1.5}'), '4:26: rules[0].require.hop_limit must be a whole number'],
    ['nothing required', rule('{}'), '4:14: rules[0].require requires nothing: name enabled, protocol or hop_limit.'],
    [
      'a rule without require',
      'version: 1\nrules:\n  - name: a\n',
      '3:5: rules[0].require is missing: it must be a mapping',
    ],
    [
      'a rule without a name',
      'version: 1\nrules:\n  - require: {enabled: true}\n',
      '3:5: rules[0].name is missing: it must be text.',
    ],
    ['no rules', 'version: 1\nrules: []\n', '2:8: rules must hold one rule at least.'],
    ['rules left out', 'version: 1\n', '1:1: rules is missing: it must be a list of rules.'],
    ['rules empty', 'version: 1\nrules:\n', '2:7: rules must be a list of rules, not nothing.'],
    [
      'a match left empty',
      rule('{enabled: true}', '    match:\n'),
      '4:11: rules[0].match must be a mapping such as {region: us-south}, not nothing.',
    ],
    ['no version', 'rules: [{name: a, require: {enabled: true}}]\n', '1:1: version is missing: it must be 1.'],
    [
      'another version',
      'version: 2\nrules: [{name: a, require: {enabled: true}}]\n',
      '1:10: version must be 1, not 2.',
    ],
    [
      'a number for a name',
      rule('{enabled: true}', '    match: {vpc: 2024}\n'),
      '4:18: rules[0].match.vpc must be text, or a list of texts, not 2024.',
    ],
    [
      'a kind that is none',
      rule('{enabled: true}', '    match: {kind: vm}\n'),
      '4:19: rules[0].match.kind must be one of instance, instance_template, bare_metal_server, or a list of them, not the text vm.',
    ],
    [
      'a date that is none',
      exemption('{match: {name: a}, reason: r, expires: 2027-02-30}'),
      '6:44: exemptions[0].expires is not a date such as 2027-03-31.',
    ],
    [
      'a date of another form',
      exemption('{match: {name: a}, reason: r, expires: 31.3.2027}'),
      '6:44: exemptions[0].expires is not a date',
    ],
    [
      'an exemption without a reason',
      exemption('{match: {name: a}, expires: 2027-01-01}'),
      '6:5: exemptions[0].reason is missing: it must be text.',
    ],
    [
      'an exemption without an end',
      exemption('{match: {name: a}, reason: r}'),
      '6:5: exemptions[0].expires is missing: it must be a date',
    ],
    [
      'an exemption of everything',
      exemption('{match: {}, reason: r, expires: 2027-01-01}'),
      '6:13: exemptions[0].match matches everything',
    ],
    ['a duplicate key', 'version: 1\nversion: 1\nrules: []\n', '2:1: map keys must be unique.'],
    ['a tab', 'version: 1\nrules:\n\t- name: a\n', '3:1: '],
    ['an open bracket', 'version: 1\nrules: [{name: a\n', '3:1: '],
    ['two documents', 'version: 1\n---\nversion: 1\n', '2:1: a policy is one document, and here begins another.'],
    [
      'a tag that is unknown',
      "version: 1\nrules: !!js/function 'f'\n",
      '2:8: unresolved tag: tag:yaml.org,2002:js/function.',
    ],
    ['a list for a key', 'version: 1\n? [a]\n: 1\n', '2:3: a key must be text.'],
    ['a mapping for a key, by an alias', 'version: 1\nname: &x {a: 1}\n*x : 1\n', '3:1: a key must be text.'],
    ['an empty range', rule('{hop_limit: {}}'), '4:26: rules[0].require.hop_limit bounds nothing: name min or max.'],
    [
      'a range that begins too low',
      rule('{hop_limit: {min: 0}}'),
      '4:32: rules[0].require.hop_limit.min must be a whole number from 1 to 64, not 0.',
    ],
    [
      'a range with text in it',
      rule('{hop_limit: {min: 1, max: two}}'),
      '4:40: rules[0].require.hop_limit.max must be a whole number from 1 to 64, not the text two.',
    ],
    [
      'an unknown key of a range',
      rule('{hop_limit: {mni: 1}}'),
      '4:27: there is no key mni in rules[0].require.hop_limit: did you mean min?',
    ],
    [
      'a list of kinds with one that is none',
      rule('{enabled: true}', '    match:\n      kind:\n        - instance\n        - server\n'),
      '7:11: rules[0].match.kind[1] must be one of instance, instance_template, bare_metal_server, not the text server.',
    ],
    [
      'a list of texts with a number',
      rule('{enabled: true}', '    match: {region: [us-south, 5]}\n'),
      '4:32: rules[0].match.region[1] must be text, not 5.',
    ],
    [
      'a list of nothing',
      rule('{enabled: true}', '    match: {vpc: []}\n'),
      '4:18: rules[0].match.vpc must not be empty.',
    ],
    [
      'a mapping for a text',
      rule('{enabled: true}', '    match: {vpc: {name: a}}\n'),
      '4:18: rules[0].match.vpc must be text, or a list of texts, not a mapping.',
    ],
    [
      'an alias without an anchor',
      'version: 1\nrules: *nosuch\n',
      '2:8: there is no anchor &nosuch before this alias.',
    ],
    ['text alone', 'whatever\n', '1:1: the policy must be a mapping with version and rules, not the text whatever.'],
    ['a list', '- a\n', '1:1: the policy must be a mapping with version and rules, not a list.'],
    ['nothing', '', '1:1: the policy is empty.'],
    ['a comment alone', '# nothing yet\n', '1:1: the policy is empty.'],
    [
      'two rules of one name',
      'version: 1\nrules:\n - {name: a, match: {vpc: v}, require: {enabled: true}}\n - {name: a, require: {enabled: true}}\n',
      '4:11: rules[1] has the name of another rule: a.',
    ],
    [
      'a rule that is never reached',
      'version: 1\nrules:\n - {name: a, require: {enabled: true}}\n - {name: b, match: {vpc: v}, require: {enabled: true}}\n',
      '4:11: rules[1] is never reached: the rule a before it matches everything.',
    ],
    ['nesting without end', `version: ${'['.repeat(50_000)}`, '1:'],
  ])('%s is told with line and column', (_what, text, message) => {
    const error = thrownBy(() => parsePolicy(text, 'p.yaml'))
    expect(error).toBeInstanceOf(VpcmdError)
    expect(error.message.startsWith(`p.yaml:${message}`), error.message).toBe(true)
    expect(error.message).not.toContain('\n')
    expect(error.exitCode).toBe(2)
  })

  it.each([
    ['!!omap', "!!omap\n      - name: 'lab-*'"],
    ['!!set', '!!set {name, zone}'],
    ['!!timestamp', '!!timestamp 2020-01-01'],
    ['!!binary', '!!binary aGVsbG8='],
  ])('can not pass for one that matches everything by %s', (tag, match) => {
    const text = `version: 1\nrules:\n  - name: lab\n    match: ${match}\n    require: {hop_limit: 1}\n`
    const {message} = thrownBy(() => parsePolicy(text, 'p'))
    expect(message).toMatch(/^p:4:12: unresolved tag/)
    expect(message).toContain(tag.slice(2))
  })

  it('can not hide a key that is there twice behind an alias', () => {
    const text = 'version: 1\nrules:\n  - {&n name: a, *n : b, require: {hop_limit: 1}}\n'
    expect(thrownBy(() => parsePolicy(text, 'p')).message).toBe('p:3:18: a key must be text.')
  })

  it('may give the same requirement to many rules', () => {
    const rules = Array.from(
      {length: 2000},
      (_, index) => `  - {name: r${index}, match: {name: n${index}}, require: *q}`,
    )
    const policy = parsePolicy(
      ['version: 1', 'rules:', '  - {name: first, match: {name: n}, require: &q {hop_limit: 1}}', ...rules].join('\n'),
      'p',
    )
    expect(policy.rules).toHaveLength(2001)
    expect(policy.rules.at(-1)?.require).toEqual({hop_limit: {min: 1, max: 1}})
  })

  it('is told by its first two problems, and how many follow', () => {
    const error = thrownBy(() => parsePolicy('version: 2\nrulez: 1\nrules: []\n', 'p'))
    expect(error.message).toBe('p:1:10: version must be 1, not 2.')
    expect(error.hint).toMatch(/^2:1: .*rulez.* 1 more\.$/)
    const two = thrownBy(() => parsePolicy('version: 2\nrules: []\n', 'p'))
    expect(two.hint).toMatch(/^2:8: .*\.$/)
    expect(two.hint).not.toContain('more')
  })

  it('can not make memory run over with aliases that multiply', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'
        .split('')
        .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`),
    ].join('\n')
    expect(thrownBy(() => parsePolicy(bomb, 'p')).message).toBe('p:2:8: aliases are used too much, or in a circle.')
  })
})

describe('the file of a policy', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vpcmd-policy-'))
  })
  afterAll(() => rmSync(folder, {recursive: true, force: true}))
  const readPolicy = async (file: string) => parsePolicy(await readInput(process, file, 'policy', maxPolicyBytes), file)

  it.each([
    ['there is no such file', 'nosuch.yaml', undefined],
    ['it is not UTF-8 text', 'latin.yaml', Buffer.from([0x76, 0xe4, 0x0a])],
    ['it is larger than 1000000 bytes', 'large.yaml', Buffer.alloc(10_000_000, 'a')],
  ])('that can not be read says why: %s', async (why, name, content) => {
    const file = join(folder, name)
    if (content) writeFileSync(file, content)
    await expect(readPolicy(file)).rejects.toMatchObject({
      exitCode: 2,
      message: `No policy from ${file}: ${why}.`,
    })
  })

  it('can not be a folder', async () => {
    await expect(readPolicy(folder)).rejects.toMatchObject({message: expect.stringContaining('it is a folder')})
  })

  it('has the fingerprint of its bytes, with a byte order mark as well, from a file and from standard input', async () => {
    const file = join(folder, 'bom.yaml')
    const bytes = Buffer.from('\ufeffversion: 1\r\nrules: [{name: a, require: {hop_limit: 1}}]\r\n')
    writeFileSync(file, bytes)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect((await readPolicy(file)).sha256).toBe(sha256)
    expect(parsePolicy(bytes, 'standard input').sha256).toBe(sha256)
  })

  it('may come from standard input, of which no more is read than a policy may be large', async () => {
    const env = freshEnvironment()
    const audit = 'vpcmd metadata audit --sandbox --policy - -r us-south'
    const endless = await runShell(`yes 'a: b' | ${audit}`, env)
    expect(endless).toMatchObject({code: 2, stdout: ''})
    expect(endless.stderr).toContain('it is larger than 1000000 bytes')
    const wrong = await runShell(`printf 'v\\344\\n' | ${audit}`, env)
    expect(wrong.stderr).toContain('No policy from standard input: it is not UTF-8 text.')
  })

  it('may be a pipe', async () => {
    await expect(readPolicy('/dev/null')).rejects.toMatchObject({message: '/dev/null:1:1: the policy is empty.'})
  })
})

function thrownBy(act: () => unknown): VpcmdError {
  try {
    act()
  } catch (error) {
    if (error instanceof VpcmdError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
