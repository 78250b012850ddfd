get @PATHS@
printf '%s\n' "$body"
