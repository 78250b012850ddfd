import {endpointsFor, generations} from './endpoints.ts'
import type {ScriptOptions} from './script-options.ts'

/** The script for a POSIX shell; see metadataScript. curl is asked for nothing that its old versions have not: before 8.4 its limit of size did not hold for an answer that does not tell its own. */
export function shellScript({paths, endpoint, protocol, output = 'document'}: ScriptOptions): string {
  const endpoints = endpoint === undefined ? endpointsFor(protocol) : [endpoint]
  const tokenPaths = generations.map(({token, version}) => quote(`${token}?version=${version}`))
  return `${[
    start,
    `for endpoint in ${endpoints.map(quote).join(' ')}; do`,
    `  for path in ${tokenPaths.join(' ')}; do`,
    findToken,
    ...reading(paths, output),
  ].join('\n')}\n`
}

const start = `#!/bin/sh
# Reads the metadata service of an IBM Cloud VPC instance from within it, with curl alone.
set -eu
# What the environment has of these would be taken for found, and go on to every process.
unset answered status reply body token document start
fail() {
  printf 'Error: %s\\n' "$*" | LC_ALL=C tr -cd '\\012\\040-\\176' | head -c 2000 >&2
  exit 1
}
# refuse WHAT: fails with the status and the answer, unless the answer repeats the token, or how it begins.
refuse() {
  start=\${token:-access_token} start=\${start%"\${start#????????}"}
  case $body in *access_token* | *"$start"*) body='an answer with a token in it' ;; esac
  fail "$1: status $status: $body"
}
command -v curl >/dev/null || fail 'curl is not installed.'
newline='
'
# request METHOD URL HEADER [BODY]: sets status and body. The header goes to curl's stdin, where no list of processes shows it.
request() {
  reply=$(printf 'header = "%s"\\n' "$3" 'Accept: application/json' 'Content-Type: application/json' | {
    code=0
    curl -q -s -K - --noproxy '*' --connect-timeout 2 --max-time "$seconds" -X "$1" \${4:+-d "$4"} -w '\\n%{http_code} ' "$2" || code=$?
    printf '%s' "$code"
  } | head -c 4194304)
  end=$(printf '%s' "$reply" | tail -c 8)
  end=\${end##*"$newline"}
  case $end in
    [0-9][0-9][0-9]' 0') status=\${end% *} body=\${reply%"$newline"*} ;;
    [0-9][0-9][0-9]' '[0-9]*) return "\${end#* }" ;;
    *) return 63 ;; # curl's own code for an answer that is too long
  esac
}
tried='' seconds=3`

const findToken = `    request PUT "$endpoint$path" 'Metadata-Flavor: ibm' '{"expires_in":300}' || {
      tried="$tried $endpoint (curl error $?)"
      continue 2
    }
    answered=$endpoint
    [ "$status" = 404 ] || break 2
  done
done
[ -n "\${answered:-}" ] || case $tried in *'(curl error 60)'*) fail "The certificate of the metadata service is not trusted:$tried. Trust its CA, such as with CURL_CA_BUNDLE=FILE." ;; esac
[ -n "\${answered:-}" ] || fail "The metadata service does not answer:$tried. It is off, or speaks the other protocol; from a workstation: vpcmd metadata enable INSTANCE"
case $status in 2??) ;; *) refuse "No identity token from $answered" ;; esac
token=$(printf '%s' "$body" | tr -d '\\n' | sed -n 's/.*"access_token" *: *"\\([^"]*\\)".*/\\1/p')
case $token in '' | *[!A-Za-z0-9._-]*) fail "No identity token in the answer of $endpoint." ;; esac
seconds=20
# get PATH: sets body to the answer, which is JSON.
get() {
  request GET "$endpoint/metadata/v1/$1?version=\${path##*=}" "Authorization: Bearer $token" || fail "$endpoint stopped answering (curl error $?)."
  [ "$status" = 200 ] || refuse "$1"
  case $body in *'"errors":'* | *'"errors" :'*) refuse "$1" ;; '{'*'}'* | [' '"$newline"]*'{'*'}'*) ;; *) fail "$1: the answer is not JSON." ;; esac
}`

function reading(paths: string[], output: ScriptOptions['output']): string[] {
  if (output === 'user-data') return ['get instance/initialization', printUserData]
  if (output === 'answer') return [...paths.map(path => `get ${quote(path)}`), `printf '%s\\n' "$body"`]
  return [
    "document=''",
    `for name in ${paths.map(quote).join(' ')}; do`,
    '  get "$name"',
    `  document="$document\${document:+,}\\"$name\\":$body"`,
    'done',
    `printf '{%s}\\n' "$document"`,
  ]
}

// JSON's escapes are undone by awk alone. In the C locale its %c writes any byte, NUL too (seen of mawk, gawk, busybox
// and the original awk).
const printUserData = `decode() {
  printf '%s\\n' "$body" | LC_ALL=C awk '
{ text = text $0 }
END {
  if (!match(text, /"user_data" *: *"[^"]/)) exit 4
  count = split(substr(text, RSTART + RLENGTH - 1), part, /\\\\/)
  for (i = 1; i <= count; i++) {
    rest = part[i]
    if (i > 1 && rest == "") { printf "\\\\"; rest = part[++i] }
    else if (i > 1) {
      kind = substr(rest, 1, 1); rest = substr(rest, 2)
      if (kind == "u") {
        code = hex(rest); rest = substr(rest, 5)
        low = rest == "" && part[i + 1] ~ /^u[dD][c-fC-F]/ ? hex(substr(part[i + 1], 2)) : 0
        if (code >= 55296 && code < 56320 && low) { code = 65536 + (code - 55296) * 1024 + low - 56320; rest = substr(part[++i], 6) }
        else if (code >= 55296 && code < 57344) code = 65533
        utf8(code)
      } else {
        at = index("bfnrt", kind)
        printf "%s", at ? substr("\\b\\f\\n\\r\\t", at, 1) : kind
      }
    }
    last = index(rest, "\\"")
    printf "%s", last ? substr(rest, 1, last - 1) : rest
    if (last) exit 0
  }
  exit 1
}
function hex(digits,  n, value) {
  for (n = 1; n <= 4; n++) value = value * 16 + index("123456789abcdef", tolower(substr(digits, n, 1)))
  return value
}
function utf8(code) {
  if (code < 128) printf "%c", code
  else if (code < 2048) printf "%c%c", 192 + int(code / 64), 128 + code % 64
  else if (code < 65536) printf "%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64
  else printf "%c%c%c%c", 240 + int(code / 262144), 128 + int(code / 4096) % 64, 128 + int(code / 64) % 64, 128 + code % 64
}'
}
decode >/dev/null || case $? in
  4) case $body in *'"keys"'*) ;; *) fail 'instance/initialization: the answer is not that of a metadata service.' ;; esac
    printf 'Error: This instance has no user data.\\n' >&2; exit 4 ;;
  *) fail 'The user data is cut short.' ;;
esac
decode`

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
