import {describe, expect, it} from 'vitest'
import {parseInstanceFile} from '../../src/instances/instance-file.ts'

const id = '0717_9c55d9d2-0685-4300-b475-49eb1b8c1faf'
const other = '0727_ed12480a-40a4-41a0-98e3-6dfac8b25ad6'
const crn = `crn:v1:bluemix:public:is:us-south-2:a/a1234567::instance:${other}`
const parse = (text: string) => parseInstanceFile(text, 'list')

describe('a list of instances', () => {
  it.each<[string, string, string[]]>([
    ['lines of IDs, names and CRNs', `${id}\nweb-1\n${crn}\n`, [id, 'web-1', crn]],
    ['no newline at the end', `web-1\nweb-2`, ['web-1', 'web-2']],
    ['Windows line ends, blanks', `  web-1 \r\n\r\n\tweb-2\r\n`, ['web-1', 'web-2']],
    ['comments', `# all\nweb-1 # the first\n  #x\nweb-2\t#y`, ['web-1', 'web-2']],
    ['doubles', `web-1\nweb-2\nweb-1`, ['web-1', 'web-2']],
    ['nothing', '', []],
    ['comments alone', '# none\n\n', []],
    [
      'a JSON array of rows',
      JSON.stringify([{id, crn: crn.replace(other, id)}, {id: other}]),
      [crn.replace(other, id), other],
    ],
    ['a JSON array of texts', JSON.stringify([id, 'web-1'], undefined, 2), [id, 'web-1']],
    ['an empty JSON array', ' []\n', []],
    ['one JSON object', JSON.stringify({id, name: 'x'}, undefined, 2), [id]],
    ['JSON lines', `{"id":"${id}"}\n\n{"id":"${other}","crn":"${crn}"}\r\n`, [id, crn]],
  ])('may be %s', (_what, text, asked) => {
    expect(parse(text)).toEqual(asked)
  })

  it.each<[string, string, RegExp]>([
    ['a line that names none', `web-1\n\n# x\nWeb 2\n`, /^list, line 4: Web 2 is neither an ID/],
    ['a pattern', `web-1\nweb-*`, /^list, line 2: web-\* is a pattern/],
    ['a broken CRN', `web-1\ncrn:v1:x`, /^list, line 2: crn:v1:x is not the CRN/],
    ['an entry without an ID', `[{"id":"${id}"},{"name":"x"}]`, /^list, entry 2: it has no crn and no id/],
    ['an entry that is null', `[null]`, /^list, entry 1: it has no crn/],
    ['an entry whose ID is none', `["${id}","../etc"]`, /^list, entry 2: \.\.\/etc is neither/],
    ['a line that is a folder', `web-1\n..`, /^list, line 2: \.\. is neither/],
    ['an entry whose ID is a path', `[{"id":"${id}/stop"}]`, /^list, entry 1: \S+\/stop is neither/],
    ['an entry whose ID is escaped', `[{"id":"%2e%2e"}]`, /^list, entry 1: %2e%2e is neither/],
    ['an entry whose ID is a name', `[{"id":"${id}"},{"id":"web-1"}]`, /^list, entry 2: its id, web-1, is not that/],
    ['an entry whose CRN is an ID', `[{"crn":"${id}"}]`, /^list, entry 1: its crn, \S+, is not that of an instance/],
    ['an object without', `{"changed":[]}`, /^list: it has no crn and no id/],
    ['a JSON line that is cut off', `{"id":"${id}"}\n{"id":"0717`, /^list, line 2: this is not JSON/],
    ['an array that is cut off', `[\n  "${id}",\n  "web-`, /^list, line 3: this is not JSON/],
    ['an array with an edit gone wrong', `[\n  "${id}"\n  "web-1"\n]`, /^list, line 3: this is not JSON/],
  ])('with %s is refused, and says where', (_what, text, says) => {
    expect(() => parse(text)).toThrowError(says)
    expect(() => parse(text)).toThrowError(expect.objectContaining({exitCode: 2}))
  })
})
