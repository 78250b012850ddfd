# Completion of vpcmd for PowerShell. Add it to your profile: vpcmd completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName vpcmd -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $typed = @($commandAst.CommandElements |
        Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text.Trim("'", '"') })
    # Windows PowerShell drops an argument that is empty; vpcmd takes two quotes for one.
    $last = if ($wordToComplete -eq '') { '""' } else { $wordToComplete.Trim("'", '"') }
    $kind, $lines = vpcmd __complete @typed $last 2>$null
    # With nothing returned, PowerShell completes files.
    if ($kind -eq ':files') { return }
    foreach ($line in $lines) {
        $value, $description = $line -split "`t", 2
        if (-not $description) { $description = $value }
        # PowerShell takes curly quotes for straight ones.
        $quoted = $value -replace "(['\u2018\u2019\u201a\u201b])", '$1$1'
        $text = if ($value -match '^[\w./:=@%+-]+$') { $value } else { "'" + $quoted + "'" }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $description)
    }
}
