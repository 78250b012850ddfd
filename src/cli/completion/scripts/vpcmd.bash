# Completion of vpcmd for bash. Run it in each shell: source <(vpcmd completion bash)

_vpcmd() {
  local word index current broken='' kind value description words=()
  COMPREPLY=()
  # bash breaks words at = and :, vpcmd does not.
  for ((index = 1; index <= COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]//[\\\'\"]/}
    if ((${#words[@]} > 0)) && [[ $word == [=:]* || ${words[${#words[@]} - 1]} == *[=:] ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
  done
  current=${words[${#words[@]} - 1]}
  if [[ $current == *[=:]* ]]; then broken=${current%"${current##*[=:]}"}; fi
  {
    read -r kind
    if [[ $kind == :files ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "${current#"$broken"}")
      return
    fi
    compopt -o nosort 2>/dev/null
    while IFS=$'\t' read -r value description; do
      value=${value#"$broken"}
      # A name may hold what the shell would act on.
      if [[ $value == *[!A-Za-z0-9_./:=,@%+-]* ]]; then printf -v value %q "$value"; fi
      COMPREPLY+=("$value")
    done
  } < <(command vpcmd __complete "${words[@]}" 2>/dev/null)
}

complete -F _vpcmd vpcmd
