# Completion of vpcmd for fish. Keep it: vpcmd completion fish > ~/.config/fish/completions/vpcmd.fish

function __vpcmd_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    set -l lines (command vpcmd __complete $words "$current" 2>/dev/null)
    test (count $lines) -gt 0; or return
    set -l kind $lines[1]
    set -e lines[1]
    if test "$kind" = :files
        set -l flag (string match -r -- '^--[^=]+=' $current)
        __fish_complete_path (string replace -r -- '^--[^=]+=' '' "$current") | string replace -r -- '^' "$flag"
        return
    end
    test (count $lines) -gt 0; and printf '%s\n' $lines
end

complete -c vpcmd -f -k -a '(__vpcmd_complete)'
