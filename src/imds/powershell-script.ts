import {endpointsFor, generations, linkLocalAddress} from './endpoints.ts'
import type {ScriptOptions} from './script-options.ts'

/** The script for Windows PowerShell 5.1 and PowerShell 7; see metadataScript. It adds the route that Windows needs, as administrator. */
export function powershellScript({paths, endpoint, protocol, output = 'document'}: ScriptOptions): string {
  const endpoints = endpoint === undefined ? endpointsFor(protocol) : [endpoint]
  const tokenPaths = generations.map(({token, version}) => quote(`${token}?version=${version}`))
  return `${[
    start,
    ...(endpoint === undefined ? [route] : []),
    `$tried = @()
function Find-Service {
  foreach ($endpoint in ${endpoints.map(quote).join(', ')}) {
    foreach ($path in ${tokenPaths.join(', ')}) {`,
    findToken,
    ...reading(paths, output),
  ].join('\n')}\n`
}

// Windows PowerShell decodes JSON without a charset as Latin-1: the bytes are decoded here.
const start = `# Reads the metadata service of an IBM Cloud VPC instance from within it, with PowerShell alone.
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
  [Text.Encoding]::UTF8.GetString($reply.RawContentStream.ToArray())
}`

// ibm-cloud-docs/vpc, imd-windows-configuration: Windows has no route to the link-local address.
const route = `if ((Get-Command Get-NetRoute -ErrorAction SilentlyContinue) -and -not (Get-NetRoute -DestinationPrefix '${linkLocalAddress}/32' -ErrorAction SilentlyContinue)) {
  $gateway = (Get-NetRoute -DestinationPrefix '0.0.0.0/0' | Sort-Object RouteMetric | Select-Object -First 1).NextHop
  route.exe -p add ${linkLocalAddress} MASK 255.255.255.255 $gateway | Out-Null
  if ($LASTEXITCODE -ne 0) { throw 'No route to the metadata service could be added: run this as administrator.' }
}`

const findToken = `      try {
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
  if ($answer -notmatch '^\\s*\\{') { throw "$($Name): the answer is not JSON." }
  $answer.Trim()
}
function Write-Bytes($Text) {
  $bytes = [Text.Encoding]::UTF8.GetBytes($Text)
  $stdout = [Console]::OpenStandardOutput()
  $stdout.Write($bytes, 0, $bytes.Length)
  $stdout.Flush()
}`

function reading(paths: string[], output: ScriptOptions['output']): string[] {
  if (output === 'user-data') {
    return [
      "$userData = (Get-Metadata 'instance/initialization' | ConvertFrom-Json).user_data",
      `if (-not $userData) {
  [Console]::Error.WriteLine('Error: This instance has no user data.')
  exit 4
}`,
      'Write-Bytes $userData',
    ]
  }
  if (output === 'answer') return paths.map(path => `Write-Bytes ((Get-Metadata ${quote(path)}) + "\`n")`)
  return [
    `$members = foreach ($name in ${paths.map(quote).join(', ')}) { '"{0}":{1}' -f $name, (Get-Metadata $name) }`,
    `Write-Bytes ('{' + ($members -join ',') + "}\`n")`,
  ]
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
