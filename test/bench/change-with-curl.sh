#!/bin/sh
# What a rollout of vpcmd is measured against: list with curl and jq, then PATCH one after the other, as one would write it.
# Changes the first $BENCH_CHANGES instances, and prints how long the list and the changes took, in milliseconds.
set -eu
now() { date +%s%3N; }
began=$(now)
token=$(curl -sf "$VPC_AUTH_URL/identity/token" -d grant_type=urn:ibm:params:oauth:grant-type:apikey --data-urlencode "apikey=$IBMCLOUD_API_KEY" | jq -r .access_token)
start=''
: >"$BENCH_FOLDER/ids"
while :; do
  page=$(curl -sf -H "Authorization: Bearer $token" "$VPC_URL/instances?version=2026-03-24&generation=2&limit=100${start:+&start=$start}")
  printf '%s\n' "$page" | jq -r '.instances[].id' >>"$BENCH_FOLDER/ids"
  start=$(printf '%s\n' "$page" | jq -r '.next.href // "" | capture("[?&]start=(?<s>[^&]*)").s // ""' 2>/dev/null) || start=''
  [ -n "$start" ] || break
done
listed=$(now)
head -n "$BENCH_CHANGES" "$BENCH_FOLDER/ids" | while read -r id; do
  curl -sf -o /dev/null -X PATCH -H "Authorization: Bearer $token" -H 'Content-Type: application/merge-patch+json' \
    -d '{"metadata_service": {"enabled": true, "protocol": "https", "response_hop_limit": 9}}' \
    "$VPC_URL/instances/$id?version=2026-03-24&generation=2"
done
echo "$((listed - began)) $(($(now) - listed))"
