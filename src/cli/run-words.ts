import type {RunHeader} from '../metadata/journal.ts'
import {cut} from '../terminal/text.ts'
import {withReadableTimes} from '../terminal/time.ts'
import type {Context} from './context.ts'

/** In a table or a sentence nobody reads more of what was chosen; `history RUN` and JSON have all of it. */
const longestSelection = 80

/** What a run was, as people read it: `enable web-1`. */
export function runInWords({symbols}: Pick<Context, 'symbols'>, {command, selection}: Asked): string {
  return `${command} ${cut(withReadableTimes(selection), longestSelection, symbols.ellipsis)}`
}

type Asked = Pick<RunHeader, 'command' | 'selection'>
