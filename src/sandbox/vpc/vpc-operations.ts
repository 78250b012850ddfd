// Every operation of IBM/vpc-node-sdk vpc/v1.ts (API 2026-03-24), and what came since (ibm-cloud-docs/vpc
// api-change-log.md, 23 June and 21 July 2026): what can be asked of the paths below, and behind a slash of what is below
// each by its identifier. * stands for an identifier.
const operations = `
GET POST / DELETE GET PATCH:
  backup_policies backup_policies/*/plans bare_metal_servers bare_metal_servers/*/network_attachments
  bare_metal_servers/*/network_interfaces cluster_networks cluster_networks/*/interfaces cluster_networks/*/subnets
  cluster_networks/*/subnets/*/reserved_ips dedicated_host/groups dedicated_hosts endpoint_gateways
  endpoint_gateways/*/resource_bindings floating_ips flow_log_collectors ike_policies images images/*/export_jobs
  instance/templates instance_groups instance_groups/*/managers instance_groups/*/managers/*/actions
  instance_groups/*/managers/*/policies instances instances/*/cluster_network_attachments
  instances/*/network_attachments instances/*/network_interfaces instances/*/volume_attachments ipsec_policies keys
  load_balancers load_balancers/*/listeners load_balancers/*/listeners/*/policies
  load_balancers/*/listeners/*/policies/*/rules load_balancers/*/pools network_acls network_acls/*/rules
  placement_groups private_path_service_gateways private_path_service_gateways/*/account_policies
  public_address_ranges public_gateways reservations security_groups security_groups/*/rules shares
  shares/*/mount_targets shares/*/snapshots snapshot_consistency_groups subnets subnets/*/reserved_ips
  virtual_network_interfaces volumes volumes/*/jobs vpcs vpcs/*/address_prefixes vpcs/*/dns_resolution_bindings
  vpcs/*/routes vpcs/*/routing_tables vpcs/*/routing_tables/*/routes vpn_gateways vpn_gateways/*/connections
  vpn_servers vpn_servers/*/routes
POST:
  bare_metal_servers/*/console_access_token bare_metal_servers/*/firmware/update bare_metal_servers/*/restart
  bare_metal_servers/*/start bare_metal_servers/*/stop images/*/deprecate images/*/obsolete instances/*/actions
  instances/*/console_access_token instances/*/reinitialize
  private_path_service_gateways/*/endpoint_gateway_bindings/*/deny
  private_path_service_gateways/*/endpoint_gateway_bindings/*/permit private_path_service_gateways/*/publish
  private_path_service_gateways/*/revoke_account private_path_service_gateways/*/unpublish reservations/*/activate
  shares/*/failover volumes/*/jobs/*/cancel vpn_servers/*/clients/*/disconnect
GET / GET:
  backup_policies/*/jobs bare_metal_server/profiles bare_metal_servers/*/network_interfaces/*/ips
  cluster_network/profiles dedicated_host/profiles instance/profiles instances/*/network_interfaces/*/ips
  load_balancer/profiles operating_systems private_path_service_gateways/*/endpoint_gateway_bindings regions
  regions/*/zones share/profiles volume/profiles vpn_gateways/*/service_connections
GET:
  ike_policies/*/connections images/*/bare_metal_server_profiles images/*/instance_profiles instances/*/initialization
  ipsec_policies/*/connections load_balancers/*/statistics snapshots/*/instance_profiles volumes/*/instance_profiles
  vpcs/*/default_network_acl vpcs/*/default_routing_table vpcs/*/default_security_group
  vpn_servers/*/client_configuration
GET / DELETE GET PUT:
  bare_metal_servers/*/network_interfaces/*/floating_ips endpoint_gateways/*/ips
  instances/*/network_interfaces/*/floating_ips security_groups/*/targets snapshots/*/clones
  virtual_network_interfaces/*/floating_ips virtual_network_interfaces/*/ips vpn_gateways/*/advertised_cidrs
  vpn_gateways/*/connections/*/local/cidrs vpn_gateways/*/connections/*/peer/cidrs
GET / GET PATCH:
  bare_metal_servers/*/disks dedicated_hosts/*/disks instances/*/disks instances/*/software_attachments
GET PUT:
  bare_metal_servers/*/initialization subnets/*/network_acl subnets/*/routing_table
GET / DELETE GET:
  shares/*/accessor_bindings vpn_servers/*/clients
DELETE:
  instance_groups/*/load_balancer
DELETE GET / DELETE GET PATCH:
  instance_groups/*/memberships
GET POST PUT / DELETE GET PATCH:
  load_balancers/*/pools/*/members
DELETE GET:
  shares/*/source
DELETE GET POST / DELETE GET PATCH:
  snapshots
DELETE GET PUT:
  subnets/*/public_gateway
`

const patterns = [...operations.matchAll(/^([A-Z ]+)(?: \/ ([A-Z ]+))?:((?:\n {2}.+)+)/gm)].flatMap(
  ([, ofPath = '', ofItems = '', paths = '']) =>
    paths
      .trim()
      .split(/\s+/)
      .flatMap(path => [
        {path: patternOf(path), methods: ofPath.split(' ')},
        {path: patternOf(`${path}/*`), methods: ofItems.split(' ')},
      ]),
)

function patternOf(path: string): RegExp {
  return new RegExp(`^/${path.replaceAll('*', '[^/]+')}$`)
}

/** Whether IBM's VPC API has an operation, such as `GET` of `/load_balancers/x`; the path begins behind `/v1`. */
export function isVpcOperation(method: string, path: string): boolean {
  return patterns.some(each => each.methods.includes(method) && each.path.test(path))
}
