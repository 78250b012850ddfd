#!/bin/sh
# The two curl lines of IBM's page, with the host replaced.
set -eu
token=$(curl -sS -X PUT "$METADATA_URL/instance_identity/v1/token?version=2024-11-12" -H "Metadata-Flavor: ibm" \
  -H "Accept: application/json" -d '{"expires_in": 3600}' | jq -r '(.access_token)')
curl -sS -X GET "$METADATA_URL/metadata/v1/instance/initialization?version=2024-11-12" -H "Accept: application/json" \
  -H "Authorization: Bearer $token" | jq -r '(.user_data)'
