# Windows has no route to the link-local address.
if ((Get-Command Get-NetRoute -ErrorAction SilentlyContinue) -and -not (Get-NetRoute -DestinationPrefix '@ADDRESS@/32' -ErrorAction SilentlyContinue)) {
  $gateway = (Get-NetRoute -DestinationPrefix '0.0.0.0/0' | Sort-Object RouteMetric | Select-Object -First 1).NextHop
  route.exe -p add @ADDRESS@ MASK 255.255.255.255 $gateway | Out-Null
  if ($LASTEXITCODE -ne 0) { throw 'No route to the metadata service could be added: run this as administrator.' }
}
