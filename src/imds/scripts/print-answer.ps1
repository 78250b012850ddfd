Write-Bytes ((Get-Metadata @PATHS@) + "`n")
