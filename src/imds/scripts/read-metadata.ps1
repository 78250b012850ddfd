# Reads the metadata service of an IBM Cloud VPC instance from within it, with PowerShell alone.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
[Net.WebRequest]::DefaultWebProxy = New-Object Net.WebProxy
function Invoke-Metadata($Method, $Uri, $Headers, $Body) {
  $request = @{ Method = $Method; Uri = $Uri; Headers = $Headers; TimeoutSec = $(if ($Method -eq 'PUT') { 3 } else { 20 }); UseBasicParsing = $true; MaximumRedirection = 0 }
  if ($PSVersionTable.PSVersion.Major -ge 6) { $request.NoProxy = $true }
  if ($Body) { $request.Body = $Body; $request.ContentType = 'application/json' }
  $reply = Invoke-WebRequest @request
  if ($reply.StatusCode -ge 300) { throw "status $($reply.StatusCode) from $Uri" }
  # Windows PowerShell reads JSON without a charset as Latin-1.
  [Text.Encoding]::UTF8.GetString($reply.RawContentStream.ToArray())
}
@ADD_ROUTE@
$tried = @()
function Find-Service {
  foreach ($endpoint in @ENDPOINTS@) {
    foreach ($path in @TOKEN_PATHS@) {
      try {
        $answer = Invoke-Metadata PUT "$endpoint$path" @{ 'Metadata-Flavor' = 'ibm'; Accept = 'application/json' } '{"expires_in":300}'
        $identity = ($answer | ConvertFrom-Json).access_token
        if ($identity) { return @{ Url = $endpoint; Version = ($path -split '=')[-1]; Token = $identity } }
      } catch {
        $script:tried += "$endpoint ($($_.Exception.Message))"
        if (-not ($_.Exception.Response -and [int]$_.Exception.Response.StatusCode -eq 404)) { break }
      }
    }
  }
}
$service = Find-Service
if (-not $service) {
  throw "The metadata service does not answer: $($tried -join ', '). It is off, or speaks the other protocol; from a workstation: vpcmd metadata enable INSTANCE"
}
function Get-Metadata($Name) {
  $uri = "$($service.Url)/metadata/v1/$($Name)?version=$($service.Version)"
  # An error record shows the answer, which may repeat the token.
  try { $answer = Invoke-Metadata GET $uri @{ Authorization = "Bearer $($service.Token)"; Accept = 'application/json' } }
  catch { throw "$($Name): $($_.Exception.Message)" }
  if ($answer -notmatch '^\s*\{') { throw "$($Name): the answer is not JSON." }
  $answer.Trim()
}
function Write-Bytes($Text) {
  $bytes = [Text.Encoding]::UTF8.GetBytes($Text)
  $stdout = [Console]::OpenStandardOutput()
  $stdout.Write($bytes, 0, $bytes.Length)
  $stdout.Flush()
}
