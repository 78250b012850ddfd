#!/bin/sh
# What `vpcmd instances list` is measured against: the same list with curl and jq.
set -eu
token=$(curl -sf "$VPC_AUTH_URL/identity/token" -d grant_type=urn:ibm:params:oauth:grant-type:apikey --data-urlencode "apikey=$IBMCLOUD_API_KEY" | jq -r .access_token)
pages() {
  start=''
  while :; do
    page=$(curl -sf -H "Authorization: Bearer $token" "$VPC_URL/$1?version=2026-03-24&generation=2&limit=100${start:+&start=$start}")
    printf '%s\n' "$page" | jq -c ".$1[]"
    start=$(printf '%s\n' "$page" | jq -r '.next.href // "" | capture("[?&]start=(?<s>[^&]*)").s // ""' 2>/dev/null) || start=''
    [ -n "$start" ] || break
  done
}
pages floating_ips | jq -cs 'map({key: (.target.id // ""), value: .address}) | from_entries' >"$BENCH_FOLDER/floating-ips.json"
pages instances | jq -cs --slurpfile ips "$BENCH_FOLDER/floating-ips.json" 'map(. + {floating_ips: ([.network_attachments[].virtual_network_interface.id, .network_interfaces[].id | $ips[0][.] // empty] | unique)})'
