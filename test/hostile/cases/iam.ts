import type {Bend} from '../fake-cloud.ts'
import {jsonOf, printedBy} from '../oracles.ts'
import {cut, drip, noHttp, reset, silence, stall, text, wrongLength} from '../replies.ts'
import type {Seen, Trial} from '../trial.ts'
import {isRow, makeToken, type Reply, refusal, tokenAnswer} from '../wire.ts'
import {instanceIdOf} from '../world.ts'

const kind = 'IAM'
const alpha = instanceIdOf('alpha')

const iam = (reply: Reply | ((nth: number) => Reply | undefined)): Bend => ({
  answer: asked => {
    if (asked.call !== 'token') return undefined
    return typeof reply === 'function' ? reply(asked.nth) : reply
  },
})

const ibms = (status: number, code: string, message: string, headers?: Record<string, string>): Reply => ({
  status,
  headers,
  body: {context: {requestId: 'req-4711'}, errorCode: code, errorMessage: message},
})

const underItsName = ({run, mode}: Seen): string[] => {
  const value = mode === 'json' ? jsonOf(run) : undefined
  const failed = isRow(value) && Array.isArray(value.failed) ? value.failed : [value]
  const noError =
    mode === 'json' && !failed.some(each => isRow(each) && isRow(each.error)) ? ['no error in the JSON'] : []
  return /\bIAM\b/.test(printedBy(run)) ? noError : [...noError, 'it does not name IAM']
}

/** Refusals: nothing is gained by asking again. */
export const refused: [string, Reply, number[], (string | RegExp)[]][] = [
  ['400 with IBM’s body', ibms(400, 'BXNIM0415E', 'Provided API key could not be found.'), [3], ['BXNIM0415E']],
  ['401 with IBM’s body', ibms(401, 'BXNIM0602E', 'The key is locked.'), [3], ['BXNIM0602E']],
  ['403 with IBM’s body', ibms(403, 'BXNIM0513E', 'You are not allowed.'), [3], ['BXNIM0513E']],
  ['404 with IBM’s body', ibms(404, 'BXNIM0102E', 'Not found.'), [1, 3], ['BXNIM0102E']],
  ['400 with VPC’s body', refusal(400, 'bad_request', 'Wrong.'), [3], []],
  ['400 with text', text('Bad Request', 'text/plain', 400), [3], []],
  ['401 with HTML', text('<html><body>Unauthorized</body></html>', 'text/html', 401), [3], []],
  ['403 with HTML', text('<html><body>Forbidden</body></html>', 'text/html', 403), [3], []],
  ['401 without a body', {status: 401, raw: ''}, [3], []],
  ['403 without a body', {status: 403, raw: ''}, [3], []],
  ['400 with null', {status: 400, body: null}, [3], []],
  ['400 with an array', {status: 400, body: []}, [3], []],
  ['400 with null fields', {status: 400, body: {errorCode: null, errorMessage: null}}, [3], []],
  ['400 with fields that are objects', {status: 400, body: {errorCode: {}, errorMessage: []}}, [3], []],
  ['400 with an escape', ibms(400, 'BXNIM0415E\u001b[2J', 'Key\u001b[31m red\u202e'), [3], ['BXNIM0415E']],
  ['400 with the key in the message', ibms(400, 'BXNIM0415E', `Key hostile-api-key-Zq7PXw93LmVnT2 unknown`), [3], []],
  ['400 with a million characters', ibms(400, 'BXNIM0415E', 'x'.repeat(1_000_000)), [3], ['BXNIM0415E']],
  ['418', {status: 418, raw: 'teapot'}, [1, 3], []],
  ['402 with IBM’s body', ibms(402, 'BXNIM0999E', 'Pay first.'), [1, 3], ['BXNIM0999E']],
]

/** Answers of 200 that are no token. */
export const tokens: [string, Reply][] = [
  ['an empty body', {raw: ''}],
  ['an empty object', {body: {}}],
  ['null', {body: null}],
  ['an array', {body: []}],
  ['a text', {body: 'token'}],
  ['HTML', text('<html><title>Sign in to the hotel</title></html>', 'text/html')],
  ['JSON cut short', {raw: '{"access_token":"eyJ'}],
  ['a null token', {body: {...tokenAnswer(), access_token: null}}],
  ['a number for a token', {body: {...tokenAnswer(), access_token: 1234567890123}}],
  ['an object for a token', {body: {...tokenAnswer(), access_token: {}}}],
  ['an empty token', {body: {...tokenAnswer(), access_token: ''}}],
  ['a garbage token', {body: {...tokenAnswer(), access_token: 'garbage-token-0123456789'}}],
  ['a token of three bad parts', {body: {...tokenAnswer(), access_token: 'not.base64!.atallatall'}}],
  [
    'a token whose middle is no JSON',
    {body: {...tokenAnswer(), access_token: 'eyJhbGciOiJIUzI1NiJ9.bm90anNvbg.c2lnbmF0dXJl'}},
  ],
  ['a token with a line break', {body: {...tokenAnswer(), access_token: `${makeToken()}\r\nx-evil: 1`}}],
  ['a token with an umlaut', {body: {...tokenAnswer(), access_token: `${makeToken()}ü€`}}],
  ['an error in place of a token', {body: {errorCode: 'BXNIM0415E', errorMessage: 'No.'}}],
]

/** Answers of 200 with an odd token that may do. */
const odd: [string, Reply][] = [
  [
    'a token whose middle is null',
    {body: {...tokenAnswer(), access_token: 'eyJhbGciOiJIUzI1NiJ9.bnVsbA.c2lnbmF0dXJl'}},
  ],
  ['a token without account', {body: {...tokenAnswer(), access_token: makeToken({account: undefined})}}],
  ['a token with a null account', {body: {...tokenAnswer(), access_token: makeToken({account: null})}}],
  ['a token with a number for an account', {body: {...tokenAnswer(), access_token: makeToken({account: 7})}}],
  ['a token with an object for bss', {body: {...tokenAnswer(), access_token: makeToken({account: {bss: {}}})}}],
  [
    'a token with an escape in its account',
    {body: {...tokenAnswer(), access_token: makeToken({account: {bss: 'a\u001b[31m'}})}},
  ],
  [
    'a token with a path for an account',
    {body: {...tokenAnswer(), access_token: makeToken({account: {bss: '../../x'}})}},
  ],
  ['a token without iam_id', {body: {...tokenAnswer(), access_token: makeToken({iam_id: undefined})}}],
  ['a token without exp', {body: {...tokenAnswer(), access_token: makeToken({exp: undefined})}}],
  ['a token without iat', {body: {...tokenAnswer(), access_token: makeToken({iat: undefined})}}],
  ['a token with exp a text', {body: {...tokenAnswer(), access_token: makeToken({exp: 'tomorrow'})}}],
  [
    'a token that has expired',
    {body: {...tokenAnswer(), access_token: makeToken({iat: 1_700_000_000, exp: 1_700_003_600})}},
  ],
  [
    'a token of the future',
    {body: {...tokenAnswer(), access_token: makeToken({iat: 4_000_000_000, exp: 4_000_003_600})}},
  ],
  ['expires_in negative', {body: {...tokenAnswer(), expires_in: -1}}],
  ['expires_in a text', {body: {...tokenAnswer(), expires_in: 'long', expiration: null}}],
  ['no expiry at all', {body: {access_token: makeToken(), token_type: 'Bearer'}}],
  ['a refresh token that is null', {body: {...tokenAnswer(), refresh_token: null}}],
  ['another token type', {body: {...tokenAnswer(), token_type: 'mac'}}],
  ['a wrong content type', {headers: {'content-type': 'text/html'}, body: tokenAnswer()}],
  ['a token of 100,000 characters', {body: {...tokenAnswer(), access_token: makeToken({pad: 'x'.repeat(100_000)})}}],
]

/** Trouble in which asking again may help. */
export const trouble: [string, Reply][] = [
  ['silence', silence],
  ['a byte now and then', drip],
  ['a broken connection', reset],
  ['half of a token, then silence', stall(tokenAnswer())],
  ['half of a token, then a broken connection', cut(tokenAnswer())],
  ['a body longer than told', wrongLength(tokenAnswer(), -30)],
  ['no HTTP', noHttp('220 smtp ready\r\n')],
  ['500 with IBM’s body', ibms(500, 'BXNIM0000E', 'Broken.')],
  ['502 with HTML', text('<html>Bad gateway</html>', 'text/html', 502)],
  ['503 with IBM’s body', ibms(503, 'BXNIM0001E', 'Later.')],
  ['504 without a body', {status: 504, raw: ''}],
]

/** Throttling, with what Retry-After may say. */
const retryAfters = [
  '0',
  '1',
  '-5',
  '1.5',
  '999999999',
  'soon',
  '',
  'Wed, 21 Oct 2015 07:28:00 GMT',
  'Fri, 31 Dec 9999 23:59:59 GMT',
  'NaN',
  '1e9',
  '0x10',
]

const commands = [
  ['instances', 'list'],
  ['metadata', 'enable', 'alpha'],
  ['metadata', 'audit'],
]

function perCommand(index: number): string[] {
  return [...(commands[index % commands.length] ?? []), '--timeout', '2']
}

export const iamTrials: Trial[] = [
  ...refused.map(
    ([what, reply, code, says], index): Trial => ({
      kind,
      odd: `refuses with ${what}`,
      args: perCommand(index),
      bend: iam(reply),
      code,
      says,
      hold: seen => [
        ...underItsName(seen),
        ...(seen.run.stderr.length + seen.run.stdout.length > 20_000 ? ['it prints a book'] : []),
      ],
      requests: 5,
    }),
  ),
  ...tokens.map(
    ([what, reply], index): Trial => ({
      kind,
      odd: `answers with ${what}`,
      args: perCommand(index),
      bend: iam(reply),
      code: [1, 3],
      hold: underItsName,
      requests: 12,
    }),
  ),
  ...odd.map(
    ([what, reply], index): Trial => ({
      kind,
      odd: `answers with ${what}`,
      args: perCommand(index),
      bend: iam(reply),
      mayChange: [alpha],
      code: [0, 1, 3],
      hold: seen =>
        seen.run.code === 0 ? [] : /IAM|token|account|431/i.test(printedBy(seen.run)) ? [] : ['it does not say why'],
      requests: 40,
    }),
  ),
  ...trouble.map(
    ([what, reply], index): Trial => ({
      kind,
      odd: `always answers with ${what}`,
      args: perCommand(index),
      bend: iam(reply),
      code: [1, 3],
      hold: underItsName,
      requests: 12,
      waits: true,
      oneMode: true,
    }),
  ),
  ...trouble.map(
    ([what, reply]): Trial => ({
      kind,
      odd: `answers once with ${what}, then well`,
      args: ['instances', 'list', '--timeout', '2'],
      bend: iam(nth => (nth === 1 ? reply : undefined)),
      code: 0,
      says: [alpha],
      waits: true,
      oneMode: true,
    }),
  ),
  ...retryAfters.flatMap((after): Trial[] => [
    {
      kind,
      odd: `throttles for ever, Retry-After ${JSON.stringify(after)}`,
      args: ['instances', 'list', '--timeout', '2'],
      bend: iam(ibms(429, 'BXNIM0429E', 'Too many requests.', {'retry-after': after})),
      hold: ({run, asked}) => [
        ...(run.code === null || /\bIAM\b/.test(printedBy(run)) ? [] : ['it does not name IAM']),
        // In 8 s, with a pause that grows, a dozen tries are many.
        ...(asked.length > 15 ? [`IAM was asked ${asked.length} times in 8 s`] : []),
      ],
      code: [1, 3],
      endAfterMs: 8_000,
      requests: 15,
      waits: true,
      oneMode: true,
    },
    ...(['999999999', 'Fri, 31 Dec 9999 23:59:59 GMT', '1e9'].includes(after)
      ? []
      : [
          {
            kind,
            odd: `throttles once, Retry-After ${JSON.stringify(after)}`,
            args: ['instances', 'list', '--timeout', '2'],
            bend: iam(nth => (nth === 1 ? ibms(429, 'BXNIM0429E', 'Too many.', {'retry-after': after}) : undefined)),
            code: 0,
            says: [alpha],
            waits: true,
            oneMode: true,
          } satisfies Trial,
        ]),
  ]),
  {
    kind,
    odd: 'every token that it gives is refused by the VPC API',
    args: ['instances', 'list'],
    bend: {
      answer: asked => (asked.call === 'token' ? undefined : refusal(401, 'not_authenticated', 'Token not valid.')),
    },
    code: 3,
    requests: 20,
  },
  {
    kind,
    odd: 'the first token is refused by the VPC API, the second is taken',
    args: ['instances', 'list'],
    bend: {
      answer: (asked, cloud) => {
        const first = cloud.secrets[1] ?? ''
        if (asked.call === 'token' || !asked.headers.authorization?.includes(first)) return undefined
        return refusal(401, 'not_authenticated', 'Token not valid.')
      },
    },
    code: [0, 3],
  },
]
