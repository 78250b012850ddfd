$members = foreach ($name in @PATHS@) { '"{0}":{1}' -f $name, (Get-Metadata $name) }
Write-Bytes ('{' + ($members -join ',') + "}`n")
