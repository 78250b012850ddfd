document=''
for name in @PATHS@; do
  get "$name"
  document="$document${document:+,}\"$name\":$body"
done
printf '{%s}\n' "$document"
