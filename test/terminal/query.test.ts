import {describe, expect, it} from 'vitest'
import {compileQuery} from '../../src/terminal/query.ts'

const rows = [
  {id: 'a', name: 'web-1', cpus: 2, on: true},
  {id: 'b', name: 'web-2', cpus: 4, on: false},
]

describe('compileQuery', () => {
  // What AWS's CLI documents (AWS CLI user guide, "Filtering output"): its users type the same here.
  it.each([
    ['[].id', ['a', 'b']],
    ["[?name=='web-2'].id", ['b']],
    ['[?name==`web-2`].id', ['b']],
    ['[?cpus>`2`].[id,name]', [['b', 'web-2']]],
    ['[?on].{ID: id, Name: name}', [{ID: 'a', Name: 'web-1'}]],
    ['sort_by(@, &cpus)[-1].id', 'b'],
    ["[?contains(name, 'web')] | [0].id", 'a'],
    ["join(',', [].id)", 'a,b'],
    ['length(@)', 2],
    ['[0].nothing', null],
    ['[0].toString', null],
  ])('%s finds what it means', (expression, found) => {
    expect(compileQuery(expression)(rows)).toEqual(found)
  })

  it.each([
    ['', 'it ends too early'],
    ['[0', 'it ends too early'],
    ["[?name=='web", 'it ends too early'],
    ['[].id name', 'unexpected name at character 7'],
    ['[?name=]', 'unexpected ] at character 8'],
    ['[] ~ 1', 'unexpected ~ 1 at character 4'],
    ['[].nosuch(@)', 'unknown function: nosuch() at character 4'],
    ['length()', 'length() takes 1 argument but received 0 at character 1'],
    ['[?length(name, id)]', 'length() takes 1 argument but received 2 at character 3'],
    ['['.repeat(3000), '2000 characters'],
  ])('refuses what is no expression, and says where: %#', (expression, why) => {
    expect(() => compileQuery(expression)).toThrow(
      expect.objectContaining({exitCode: 2, message: expect.stringContaining(why)}),
    )
  })

  it('ends, and says why, where the expression multiplies what it finds', () => {
    const query = compileQuery(Array.from({length: 40}, () => '[@,@]').join('|'))
    expect(() => query(rows)).toThrow('--query does not fit what there is: it finds too much to be printed.')
  })

  it('says what a function does not take', () => {
    const query = compileQuery('abs([0].name)')
    expect(() => query(rows)).toThrow(
      expect.objectContaining({exitCode: 1, message: expect.stringMatching(/abs\(\).*string/)}),
    )
  })

  it('reads what JSON would hold, and nothing else', () => {
    expect(compileQuery('[0]')([{a: undefined, at: new Date(0)}])).toEqual({at: '1970-01-01T00:00:00.000Z'})
    expect(compileQuery('keys([0])')([{a: undefined, b: 1}])).toEqual(['b'])
  })
})
