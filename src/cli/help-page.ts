import type {Config} from '@oclif/core'

/** What the help of a command, a topic or vpcmd itself says: drawn on terminals by drawHelp, in man pages by .config/man.mjs. */
export interface HelpPage {
  /** As typed: `vpcmd metadata enable`. */
  name: string
  summary: string
  usage: string[]
  sections: HelpSection[]
}

export type HelpSection =
  /** Commands to type, each after what it does where that is said. */
  | {title: string; examples: {task?: string; command: string}[]}
  /** A term a row, and what it means. */
  | {title: string; rows: [term: string, meaning: string][]}
  | {title: string; text: string}

type Catalog = Pick<Config, 'commands' | 'pjson' | 'findCommand'>
type CatalogCommand = Catalog['commands'][number]
type Flag = CatalogCommand['flags'][string]

/** What people come for, in the order in which they come for it. */
const commonTasks = [
  {task: 'List instances of all regions, with their metadata settings', command: 'vpcmd instances list'},
  {task: 'Show the metadata settings of one', command: 'vpcmd metadata show my-virtual-server-2'},
  {
    task: 'See what enabling the service would change, and send nothing',
    command: 'vpcmd metadata enable my-virtual-server-2 --protocol https --dry-run',
  },
  {task: 'Find what breaks a policy', command: 'vpcmd metadata audit --policy policy.yaml'},
  {task: 'Take back a change', command: 'vpcmd metadata undo RUN'},
  {task: 'Log in to an instance', command: 'vpcmd connect my-virtual-server-2'},
  {task: 'Read the metadata from within an instance', command: 'vpcmd imds instance'},
  {task: 'Try all of it on a simulated IBM Cloud, without an account', command: 'vpcmd instances list --sandbox'},
]

/** Groups of flags that many commands have come after a command's own, in this order. */
const sharedGroups = [
  {group: 'SSH', title: 'SSH FLAGS', name: 'SSH'},
  {group: 'METADATA SERVICE', title: 'METADATA SERVICE FLAGS', name: 'Metadata service'},
  {group: 'FILTER', title: 'FILTERS', name: 'Filters'},
  {group: 'ROLLOUT', title: 'ROLLOUT FLAGS', name: 'Rollout'},
  {group: 'RESTART', title: 'RESTART FLAGS', name: 'Restart'},
  {group: 'OUTPUT', title: 'OUTPUT FLAGS', name: 'Output'},
  {group: 'IBM CLOUD', title: 'IBM CLOUD FLAGS', name: 'IBM Cloud'},
]

/** Help of the command or topic that the words name, `[]` for vpcmd itself; undefined where there is none. */
export function helpPage(catalog: Catalog, words: readonly string[], isFull: boolean): HelpPage | undefined {
  if (words.length === 0) return rootPage(catalog, isFull)
  const command = catalog.findCommand(words.join(':'))
  if (command) return commandPage(command, isFull)
  const topic = words.length === 1 ? topicsOf(catalog).find(({name}) => name === words[0]) : undefined
  return topic && topicPage(catalog, topic)
}

/** What someone sees who runs `vpcmd` alone, and whom vpcmd can neither sign in nor show a menu. */
export function welcomePage(catalog: Catalog): HelpPage {
  return {
    name: 'vpcmd',
    summary: rootPage(catalog, false).summary,
    usage: [],
    sections: [
      {
        title: 'TRY IT, WITHOUT AN ACCOUNT',
        examples: [
          {command: 'vpcmd instances list --sandbox'},
          {command: 'vpcmd metadata show my-virtual-server-2 --sandbox'},
          {command: 'vpcmd metadata enable my-virtual-server-2 --protocol https --sandbox'},
        ],
      },
      {
        title: 'SIGN IN',
        examples: [
          {task: 'Use the login of ibmcloud:', command: 'ibmcloud login'},
          {
            task: 'or create an API key at https://cloud.ibm.com/iam/apikeys, then:',
            command: 'export IBMCLOUD_API_KEY=YOUR-KEY',
          },
          {task: 'or keep it in a file:', command: 'vpcmd instances list --api-key-file FILE'},
        ],
      },
      {title: 'MORE', text: 'vpcmd --help lists the commands. On a terminal, vpcmd alone then shows menus.'},
    ],
  }
}

/** Whether a command changes servers, or the sandbox: all of those but one ask first. */
export function changes({id, flags}: Pick<CatalogCommand, 'id' | 'flags'>): boolean {
  return 'yes' in flags || id === 'sandbox:reset'
}

/** The usage line of a command: `vpcmd metadata undo RUN [flags]`. */
export function usageLine({id, args, flags}: Pick<CatalogCommand, 'id' | 'args' | 'flags'>): string {
  const words = Object.entries(args).flatMap(([name, {required, multiple, hidden, options}]) => {
    if (hidden) return []
    const word = `${options?.join('|') ?? name.toUpperCase()}${multiple ? '...' : ''}`
    return [required ? word : `[${word}]`]
  })
  const required = Object.entries(flags).flatMap(([name, flag]) =>
    flag.required ? [termOf({...flag, name, char: undefined})] : [],
  )
  const dashes = id === 'connect' ? ['[-- SSH-OPTIONS|COMMAND]'] : []
  return [typedName(id), ...words, ...required, '[flags]', ...dashes].join(' ')
}

function rootPage(catalog: Catalog, isFull: boolean): HelpPage {
  const [summary = '', ...more] = (catalog.pjson.oclif.description ?? '').split('\n\n')
  return {
    name: 'vpcmd',
    summary,
    usage: ['vpcmd COMMAND [flags]', 'vpcmd COMMAND --help'],
    sections: [
      isFull
        ? {title: 'COMMON TASKS', examples: commonTasks}
        : {title: 'EXAMPLES', examples: commonTasks.slice(0, 3).map(({command}) => ({command}))},
      ...topLevel(catalog),
      ...(isFull ? [{title: 'MORE', text: more.join('\n\n')}] : []),
    ],
  }
}

/** Groups with the verbs in them, then the commands that are in none. */
function topLevel(catalog: Catalog): HelpSection[] {
  const verbsOf = (topic: string) => commandsOf(catalog, topic).map(({id}) => id.slice(topic.length + 1))
  const groups = topicsOf(catalog).map(({name, description = ''}): [string, string] => [
    name,
    `${description}\n${verbsOf(name).join(', ')}`,
  ])
  const others = sortedCommands(catalog).filter(({id, hidden}) => !id.includes(':') && !hidden)
  return [
    {title: 'GROUPS', rows: groups},
    {title: 'COMMANDS', rows: others.map(({id, summary = ''}) => [id, summary])},
  ]
}

function topicPage(catalog: Catalog, {name: topic, description = ''}: {name: string; description?: string}): HelpPage {
  const commands = commandsOf(catalog, topic)
  const common = commonTasks.filter(({command}) => command.startsWith(`vpcmd ${topic} `) && !/--sandbox/.test(command))
  const isCommon = ({id}: CatalogCommand) => common.some(({command}) => `${command} `.startsWith(`${typedName(id)} `))
  const others = commands.filter(each => !isCommon(each)).sort((a, b) => Number(changes(a)) - Number(changes(b)))
  const examples = [...common.map(({command}) => ({command})), ...others.flatMap(each => examplesOf(each).slice(0, 1))]
  return {
    name: `vpcmd ${topic}`,
    summary: description,
    usage: [`vpcmd ${topic} COMMAND [flags]`, `vpcmd ${topic} COMMAND --help`],
    sections: [
      {title: 'EXAMPLES', examples: examples.slice(0, 3)},
      {title: 'COMMANDS', rows: commands.map(({id, summary = ''}) => [id.slice(topic.length + 1), summary])},
    ],
  }
}

function commandPage(command: CatalogCommand, isFull: boolean): HelpPage {
  const {id, summary = '', description, args} = command
  const flags = Object.values(command.flags).filter(({hidden}) => !hidden)
  const own = flags.filter(({helpGroup}) => !sharedGroups.some(({group}) => group === helpGroup))
  const shared = sharedGroups.flatMap(({group, ...titles}) => {
    const members = flags.filter(({helpGroup}) => helpGroup === group)
    return members.length > 0 ? [{...titles, members}] : []
  })
  const shownArgs = Object.values(args).filter(({hidden}) => !hidden)
  const sections: HelpSection[] = [
    {title: 'EXAMPLES', examples: examplesOf(command)},
    {title: 'ARGUMENTS', rows: shownArgs.map(each => [each.name.toUpperCase(), each.description ?? ''])},
    {title: 'FLAGS', rows: own.map(rowOf)},
    ...(isFull && description ? [{title: 'DESCRIPTION', text: description}] : []),
    ...(isFull
      ? shared.map(({title, members}) => ({title, rows: members.map(rowOf)}))
      : [
          {
            title: 'MORE FLAGS (see --help)',
            rows: shared.map(({name, members}): [string, string] => [
              name,
              members.map(flag => `--${flag.name}`).join(', '),
            ]),
          },
        ]),
  ]
  return {name: typedName(id), summary, usage: [usageLine(command)], sections: sections.filter(isFilled)}
}

function isFilled(section: HelpSection): boolean {
  if ('rows' in section) return section.rows.length > 0
  return !('examples' in section) || section.examples.length > 0
}

/** How many characters of values fit beside a flag. A longer list goes into its description. */
const longestChoice = 24

function rowOf(flag: Flag): [string, string] {
  const {summary = ''} = flag
  if (flag.type === 'boolean') return [termOf(flag), summary]
  const choices =
    flag.options && flag.options.join('|').length > longestChoice ? `\nOne of: ${flag.options.join(', ')}.` : ''
  const isTold = flag.default === undefined || summary.includes('default') || typeof flag.default === 'function'
  return [termOf(flag), `${summary}${isTold ? '' : ` Default: ${flag.default}.`}${choices}`]
}

function termOf(flag: Flag): string {
  const names = flag.char ? `-${flag.char}, --${flag.name}` : `--${flag.name}`
  if (flag.type === 'boolean') return names
  const choices = flag.options?.join('|')
  const help = Array.isArray(flag.helpValue) ? flag.helpValue.join(' ') : flag.helpValue
  const value =
    help ?? (choices && choices.length <= longestChoice ? choices : flag.name.replace(/.*-/, '').toUpperCase())
  return `${names} ${value}`
}

function examplesOf({id, examples = []}: CatalogCommand): {command: string}[] {
  return examples.map(example => {
    const text = typeof example === 'string' ? example : example.command
    return {
      command: text.replaceAll('<%= config.bin %>', 'vpcmd').replaceAll('<%= command.id %>', id.replaceAll(':', ' ')),
    }
  })
}

function commandsOf(catalog: Catalog, topic: string): CatalogCommand[] {
  return sortedCommands(catalog).filter(({id, hidden}) => id.startsWith(`${topic}:`) && !hidden)
}

function sortedCommands({commands}: Catalog): CatalogCommand[] {
  return [...commands].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Those that package.json describes: oclif makes a topic of each command as well. */
function topicsOf({pjson}: Catalog): {name: string; description?: string}[] {
  const topics = Object.entries(pjson.oclif.topics ?? {}).map(([name, {description}]) => ({name, description}))
  return topics.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function typedName(id: string): string {
  return `vpcmd ${id.replaceAll(':', ' ')}`
}
