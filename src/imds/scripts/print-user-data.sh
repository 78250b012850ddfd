get instance/initialization
# awk undoes JSON's escapes. In the C locale its %c writes any byte, even NUL (true of mawk, gawk, busybox and the original awk).
decode() {
  printf '%s\n' "$body" | LC_ALL=C awk '
{ text = text $0 }
END {
  if (!match(text, /"user_data" *: *"[^"]/)) exit 4
  count = split(substr(text, RSTART + RLENGTH - 1), part, /\\/)
  for (i = 1; i <= count; i++) {
    rest = part[i]
    if (i > 1 && rest == "") { printf "\\"; rest = part[++i] }
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
        printf "%s", at ? substr("\b\f\n\r\t", at, 1) : kind
      }
    }
    last = index(rest, "\"")
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
    printf 'Error: This instance has no user data.\n' >&2; exit 4 ;;
  *) fail 'The user data is cut short.' ;;
esac
decode
