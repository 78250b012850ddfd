$userData = (Get-Metadata 'instance/initialization' | ConvertFrom-Json).user_data
if (-not $userData) {
  [Console]::Error.WriteLine('Error: This instance has no user data.')
  exit 4
}
Write-Bytes $userData
