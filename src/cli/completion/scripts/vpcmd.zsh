#compdef vpcmd
# Completion of vpcmd for zsh. Run it in each shell, after compinit: source <(vpcmd completion zsh)

_vpcmd() {
  local line value
  local -a lines values descriptions
  lines=("${(@f)$(command vpcmd __complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  if [[ $lines[1] == :files ]]; then
    compset -P '--[^=]#='
    _files
    return
  fi
  for line in "${(@)lines[2,-1]}"; do
    value=${line%%$'\t'*}
    values+=("$value")
    if [[ $line == *$'\t'* ]]; then
      descriptions+=("${(r:24:)value} ${line#*$'\t'}")
    else
      descriptions+=("$value")
    fi
  done
  (( $#values )) || return 1
  if [[ "$lines[2]" == *$'\t'* ]]; then
    compadd -V vpcmd -l -d descriptions -a values
  else
    compadd -V vpcmd -a values
  fi
}

if [[ $funcstack[1] == _vpcmd ]]; then
  _vpcmd "$@"
else
  compdef _vpcmd vpcmd
fi
