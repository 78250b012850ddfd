import type {Trial} from '../trial.ts'
import {account, instanceIdOf, prod, second} from '../world.ts'

const [alpha, bravo, charlie, delta] = ['alpha', 'bravo', 'charlie', 'delta'].map(instanceIdOf) as [
  string,
  string,
  string,
  string,
]
const all = [alpha, bravo, charlie, delta]
const [echo, foxtrot] = ['echo', 'foxtrot'].map(instanceIdOf) as [string, string]
const both = ['--assume', 'auditor', '--account', 'all']
const accounts = [account, second]
const byTag =
  'version: 1\nrules:\n- {name: p, match: {tag: "env:prod"}, require: {enabled: true}}\n- {name: r, require: {protocol: https}}\n'

/** Nothing is odd: where one of these does not hold, the fake cloud is at fault, or vpcmd from the ground up. */
const honest: Omit<Trial, 'kind' | 'odd' | 'bend'>[] = [
  {args: ['instances', 'list'], says: [...all, '169.47.94.48']},
  {args: ['instances', 'list', '--metadata', 'disabled'], says: [alpha, delta], never: [bravo, charlie]},
  {args: ['instances', 'list', '--vpc', 'south-vpc'], says: [alpha, bravo], never: [charlie, delta]},
  {args: ['instances', 'show', 'alpha'], says: [alpha]},
  {args: ['metadata', 'show', 'alpha', delta], says: [alpha, delta]},
  {args: ['metadata', 'audit'], says: all},
  {args: ['metadata', 'plan', '--enable', '--all'], says: [alpha, delta]},
  {args: ['metadata', 'enable', 'alpha', '--protocol', 'https'], mayChange: [alpha], hold: changes(1)},
  {args: ['metadata', 'enable', '--all', '--yes'], mayChange: [alpha, delta], hold: changes(2)},
  {args: ['metadata', 'disable', 'bravo', charlie, '--yes'], mayChange: [bravo, charlie], hold: changes(2)},
  {
    before: [['metadata', 'plan', '--enable', 'alpha', '--out', '{dir}/plan.json']],
    args: ['metadata', 'apply', '{dir}/plan.json', '--yes'],
    mayChange: [alpha],
    hold: changes(1),
  },
  {
    before: [['metadata', 'enable', 'alpha', 'delta']],
    args: ['metadata', 'undo', '--yes'],
    mayChange: [alpha, delta],
    hold: changes(2),
  },
  {
    first: {args: ['metadata', 'enable', 'alpha', 'delta'], refuse: 400},
    args: ['metadata', 'resume', '20', '--yes'],
    mayChange: [alpha],
    hold: changes(1),
  },
  {
    args: ['metadata', 'enable', 'alpha', '--restart', '--accept-downtime'],
    mayChange: [alpha],
    mayAct: [alpha],
    hold: ({cloud}) =>
      cloud.actions.map(({type}) => type).join() === 'stop,start' ? [] : ['not one stop and one start'],
  },
  {args: ['instances', 'list', ...both], accounts, says: [...all, echo, foxtrot]},
  {args: ['instances', 'list', '--tag', prod], says: [alpha, bravo], never: [charlie, delta, echo]},
  {
    args: ['instances', 'list', ...both, '--tag', prod],
    accounts,
    says: [alpha, bravo, echo, foxtrot],
    never: [charlie],
  },
  {args: ['instances', 'list', ...both, '--columns', 'id,tags'], accounts, says: [...all, echo, foxtrot, 'env:dev']},
  {args: ['metadata', 'show', '--all', ...both, '--tag', prod], accounts, says: [alpha, bravo, echo, foxtrot]},
  {args: ['metadata', 'audit', ...both], accounts, says: [...all, echo, foxtrot]},
  {args: ['metadata', 'plan', '--enable', '--all', ...both], accounts, says: [alpha, delta, echo]},
  {args: ['metadata', 'disable', 'charlie', '--yes', '--dry-run'], says: [charlie]},
  {args: ['metadata', 'plan', '--disable', 'charlie'], says: [charlie, 'us-east.workspace.web.bfdd0e2d']},
  {args: ['whoami', ...both], accounts, says: [second, 'auditor']},
  {
    args: ['metadata', 'enable', '--all', '--yes', ...both, '--tag', prod],
    accounts,
    mayChange: [alpha, echo],
    hold: changes(2),
  },
  {
    args: ['metadata', 'enable', '--all', '--yes', '--assume', 'auditor', '--account', second],
    accounts: [second],
    mayChange: [echo],
    hold: changes(1),
  },
  {
    args: ['metadata', 'audit', '--policy', '{dir}/policy.yaml', ...both],
    files: {'policy.yaml': byTag},
    accounts,
    code: 5,
    says: [...all, echo, foxtrot],
  },
  {
    before: [['metadata', 'plan', '--enable', '--all', ...both, '--tag', prod, '--out', '{dir}/plan.json']],
    args: ['metadata', 'apply', '{dir}/plan.json', '--yes'],
    accounts,
    mayChange: [alpha, echo],
    hold: changes(2),
  },
]

function changes(count: number): Trial['hold'] {
  return seen => (seen.changes.length === count ? [] : [`${seen.changes.length} were changed, not ${count}`])
}

export const honestTrials: Trial[] = honest.map(trial => ({
  kind: 'an honest cloud',
  odd: `nothing, ${trial.args.join(' ')}`,
  bend: {},
  code: 0,
  ...trial,
}))
