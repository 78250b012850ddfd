#!/bin/sh
# Reads the metadata service of an IBM Cloud VPC instance from within it, with curl alone.
set -eu
# Values that the environment gives these would be taken for answers, and passed on to every process.
unset answered status reply body token document start
fail() {
  printf 'Error: %s\n' "$*" | LC_ALL=C tr -cd '\012\040-\176' | head -c 2000 >&2
  exit 1
}
# refuse WHAT: fails with the status and the answer, unless the answer repeats the token or its start.
refuse() {
  start=${token:-access_token} start=${start%"${start#????????}"}
  case $body in *access_token* | *"$start"*) body='an answer with a token in it' ;; esac
  fail "$1: status $status: $body"
}
command -v curl >/dev/null || fail 'curl is not installed.'
newline='
'
# request METHOD URL HEADER [BODY]: sets status and body. curl reads the header from stdin, where no list of processes shows it.
# head limits the size: before 8.4, curl's own limit ignores an answer that does not announce its size.
request() {
  reply=$(printf 'header = "%s"\n' "$3" 'Accept: application/json' 'Content-Type: application/json' | {
    code=0
    curl -q -s -K - --noproxy '*' --connect-timeout 2 --max-time "$seconds" -X "$1" ${4:+-d "$4"} -w '\n%{http_code} ' "$2" || code=$?
    printf '%s' "$code"
  } | head -c 4194304)
  end=$(printf '%s' "$reply" | tail -c 8)
  end=${end##*"$newline"}
  case $end in
    [0-9][0-9][0-9]' 0') status=${end% *} body=${reply%"$newline"*} ;;
    [0-9][0-9][0-9]' '[0-9]*) return "${end#* }" ;;
    *) return 63 ;; # curl's own code for an answer that is too long
  esac
}
tried='' seconds=3
for endpoint in @ENDPOINTS@; do
  for path in @TOKEN_PATHS@; do
    request PUT "$endpoint$path" 'Metadata-Flavor: ibm' '{"expires_in":300}' || {
      tried="$tried $endpoint (curl error $?)"
      continue 2
    }
    answered=$endpoint
    [ "$status" = 404 ] || break 2
  done
done
[ -n "${answered:-}" ] || case $tried in *'(curl error 60)'*) fail "The certificate of the metadata service is not trusted:$tried. Trust its CA, such as with CURL_CA_BUNDLE=FILE." ;; esac
[ -n "${answered:-}" ] || fail "The metadata service does not answer:$tried. It is off, or speaks the other protocol; from a workstation: vpcmd metadata enable INSTANCE"
case $status in 2??) ;; *) refuse "No identity token from $answered" ;; esac
token=$(printf '%s' "$body" | tr -d '\n' | sed -n 's/.*"access_token" *: *"\([^"]*\)".*/\1/p')
case $token in '' | *[!A-Za-z0-9._-]*) fail "No identity token in the answer of $endpoint." ;; esac
seconds=20
# get PATH: sets body to the JSON that the service answers.
get() {
  request GET "$endpoint/metadata/v1/$1?version=${path##*=}" "Authorization: Bearer $token" || fail "$endpoint stopped answering (curl error $?)."
  [ "$status" = 200 ] || refuse "$1"
  case $body in *'"errors":'* | *'"errors" :'*) refuse "$1" ;; '{'*'}'* | [' '"$newline"]*'{'*'}'*) ;; *) fail "$1: the answer is not JSON." ;; esac
}
