// Every operation of IBM/vpc-node-sdk vpc/v1.ts (API 2026-03-24), and what came since (ibm-cloud-docs/vpc
// api-change-log.md, 23 June and 21 July 2026), by its path; * stands for an identifier.
const operations = `
/backup_policies GET POST
/backup_policies/* DELETE GET PATCH
/backup_policies/*/jobs GET
/backup_policies/*/jobs/* GET
/backup_policies/*/plans GET POST
/backup_policies/*/plans/* DELETE GET PATCH
/bare_metal_server/profiles GET
/bare_metal_server/profiles/* GET
/bare_metal_servers GET POST
/bare_metal_servers/* DELETE GET PATCH
/bare_metal_servers/*/console_access_token POST
/bare_metal_servers/*/disks GET
/bare_metal_servers/*/disks/* GET PATCH
/bare_metal_servers/*/firmware/update POST
/bare_metal_servers/*/initialization GET PUT
/bare_metal_servers/*/network_attachments GET POST
/bare_metal_servers/*/network_attachments/* DELETE GET PATCH
/bare_metal_servers/*/network_interfaces GET POST
/bare_metal_servers/*/network_interfaces/* DELETE GET PATCH
/bare_metal_servers/*/network_interfaces/*/floating_ips GET
/bare_metal_servers/*/network_interfaces/*/floating_ips/* DELETE GET PUT
/bare_metal_servers/*/network_interfaces/*/ips GET
/bare_metal_servers/*/network_interfaces/*/ips/* GET
/bare_metal_servers/*/restart POST
/bare_metal_servers/*/start POST
/bare_metal_servers/*/stop POST
/cluster_network/profiles GET
/cluster_network/profiles/* GET
/cluster_networks GET POST
/cluster_networks/* DELETE GET PATCH
/cluster_networks/*/interfaces GET POST
/cluster_networks/*/interfaces/* DELETE GET PATCH
/cluster_networks/*/subnets GET POST
/cluster_networks/*/subnets/* DELETE GET PATCH
/cluster_networks/*/subnets/*/reserved_ips GET POST
/cluster_networks/*/subnets/*/reserved_ips/* DELETE GET PATCH
/dedicated_host/groups GET POST
/dedicated_host/groups/* DELETE GET PATCH
/dedicated_host/profiles GET
/dedicated_host/profiles/* GET
/dedicated_hosts GET POST
/dedicated_hosts/* DELETE GET PATCH
/dedicated_hosts/*/disks GET
/dedicated_hosts/*/disks/* GET PATCH
/endpoint_gateways GET POST
/endpoint_gateways/* DELETE GET PATCH
/endpoint_gateways/*/ips GET
/endpoint_gateways/*/ips/* DELETE GET PUT
/endpoint_gateways/*/resource_bindings GET POST
/endpoint_gateways/*/resource_bindings/* DELETE GET PATCH
/floating_ips GET POST
/floating_ips/* DELETE GET PATCH
/flow_log_collectors GET POST
/flow_log_collectors/* DELETE GET PATCH
/ike_policies GET POST
/ike_policies/* DELETE GET PATCH
/ike_policies/*/connections GET
/images GET POST
/images/* DELETE GET PATCH
/images/*/bare_metal_server_profiles GET
/images/*/deprecate POST
/images/*/export_jobs GET POST
/images/*/export_jobs/* DELETE GET PATCH
/images/*/instance_profiles GET
/images/*/obsolete POST
/instance/profiles GET
/instance/profiles/* GET
/instance/templates GET POST
/instance/templates/* DELETE GET PATCH
/instance_groups GET POST
/instance_groups/* DELETE GET PATCH
/instance_groups/*/load_balancer DELETE
/instance_groups/*/managers GET POST
/instance_groups/*/managers/* DELETE GET PATCH
/instance_groups/*/managers/*/actions GET POST
/instance_groups/*/managers/*/actions/* DELETE GET PATCH
/instance_groups/*/managers/*/policies GET POST
/instance_groups/*/managers/*/policies/* DELETE GET PATCH
/instance_groups/*/memberships DELETE GET
/instance_groups/*/memberships/* DELETE GET PATCH
/instances GET POST
/instances/* DELETE GET PATCH
/instances/*/actions POST
/instances/*/cluster_network_attachments GET POST
/instances/*/cluster_network_attachments/* DELETE GET PATCH
/instances/*/console_access_token POST
/instances/*/disks GET
/instances/*/disks/* GET PATCH
/instances/*/initialization GET
/instances/*/network_attachments GET POST
/instances/*/network_attachments/* DELETE GET PATCH
/instances/*/network_interfaces GET POST
/instances/*/network_interfaces/* DELETE GET PATCH
/instances/*/network_interfaces/*/floating_ips GET
/instances/*/network_interfaces/*/floating_ips/* DELETE GET PUT
/instances/*/network_interfaces/*/ips GET
/instances/*/network_interfaces/*/ips/* GET
/instances/*/reinitialize POST
/instances/*/software_attachments GET
/instances/*/software_attachments/* GET PATCH
/instances/*/volume_attachments GET POST
/instances/*/volume_attachments/* DELETE GET PATCH
/ipsec_policies GET POST
/ipsec_policies/* DELETE GET PATCH
/ipsec_policies/*/connections GET
/keys GET POST
/keys/* DELETE GET PATCH
/load_balancer/profiles GET
/load_balancer/profiles/* GET
/load_balancers GET POST
/load_balancers/* DELETE GET PATCH
/load_balancers/*/listeners GET POST
/load_balancers/*/listeners/* DELETE GET PATCH
/load_balancers/*/listeners/*/policies GET POST
/load_balancers/*/listeners/*/policies/* DELETE GET PATCH
/load_balancers/*/listeners/*/policies/*/rules GET POST
/load_balancers/*/listeners/*/policies/*/rules/* DELETE GET PATCH
/load_balancers/*/pools GET POST
/load_balancers/*/pools/* DELETE GET PATCH
/load_balancers/*/pools/*/members GET POST PUT
/load_balancers/*/pools/*/members/* DELETE GET PATCH
/load_balancers/*/statistics GET
/network_acls GET POST
/network_acls/* DELETE GET PATCH
/network_acls/*/rules GET POST
/network_acls/*/rules/* DELETE GET PATCH
/operating_systems GET
/operating_systems/* GET
/placement_groups GET POST
/placement_groups/* DELETE GET PATCH
/private_path_service_gateways GET POST
/private_path_service_gateways/* DELETE GET PATCH
/private_path_service_gateways/*/account_policies GET POST
/private_path_service_gateways/*/account_policies/* DELETE GET PATCH
/private_path_service_gateways/*/endpoint_gateway_bindings GET
/private_path_service_gateways/*/endpoint_gateway_bindings/* GET
/private_path_service_gateways/*/endpoint_gateway_bindings/*/deny POST
/private_path_service_gateways/*/endpoint_gateway_bindings/*/permit POST
/private_path_service_gateways/*/publish POST
/private_path_service_gateways/*/revoke_account POST
/private_path_service_gateways/*/unpublish POST
/public_address_ranges GET POST
/public_address_ranges/* DELETE GET PATCH
/public_gateways GET POST
/public_gateways/* DELETE GET PATCH
/regions GET
/regions/* GET
/regions/*/zones GET
/regions/*/zones/* GET
/reservations GET POST
/reservations/* DELETE GET PATCH
/reservations/*/activate POST
/security_groups GET POST
/security_groups/* DELETE GET PATCH
/security_groups/*/rules GET POST
/security_groups/*/rules/* DELETE GET PATCH
/security_groups/*/targets GET
/security_groups/*/targets/* DELETE GET PUT
/share/profiles GET
/share/profiles/* GET
/shares GET POST
/shares/* DELETE GET PATCH
/shares/*/accessor_bindings GET
/shares/*/accessor_bindings/* DELETE GET
/shares/*/failover POST
/shares/*/mount_targets GET POST
/shares/*/mount_targets/* DELETE GET PATCH
/shares/*/snapshots GET POST
/shares/*/snapshots/* DELETE GET PATCH
/shares/*/source DELETE GET
/snapshot_consistency_groups GET POST
/snapshot_consistency_groups/* DELETE GET PATCH
/snapshots DELETE GET POST
/snapshots/* DELETE GET PATCH
/snapshots/*/clones GET
/snapshots/*/clones/* DELETE GET PUT
/snapshots/*/instance_profiles GET
/subnets GET POST
/subnets/* DELETE GET PATCH
/subnets/*/network_acl GET PUT
/subnets/*/public_gateway DELETE GET PUT
/subnets/*/reserved_ips GET POST
/subnets/*/reserved_ips/* DELETE GET PATCH
/subnets/*/routing_table GET PUT
/virtual_network_interfaces GET POST
/virtual_network_interfaces/* DELETE GET PATCH
/virtual_network_interfaces/*/floating_ips GET
/virtual_network_interfaces/*/floating_ips/* DELETE GET PUT
/virtual_network_interfaces/*/ips GET
/virtual_network_interfaces/*/ips/* DELETE GET PUT
/volume/profiles GET
/volume/profiles/* GET
/volumes GET POST
/volumes/* DELETE GET PATCH
/volumes/*/instance_profiles GET
/volumes/*/jobs GET POST
/volumes/*/jobs/* DELETE GET PATCH
/volumes/*/jobs/*/cancel POST
/vpcs GET POST
/vpcs/* DELETE GET PATCH
/vpcs/*/address_prefixes GET POST
/vpcs/*/address_prefixes/* DELETE GET PATCH
/vpcs/*/default_network_acl GET
/vpcs/*/default_routing_table GET
/vpcs/*/default_security_group GET
/vpcs/*/dns_resolution_bindings GET POST
/vpcs/*/dns_resolution_bindings/* DELETE GET PATCH
/vpcs/*/routes GET POST
/vpcs/*/routes/* DELETE GET PATCH
/vpcs/*/routing_tables GET POST
/vpcs/*/routing_tables/* DELETE GET PATCH
/vpcs/*/routing_tables/*/routes GET POST
/vpcs/*/routing_tables/*/routes/* DELETE GET PATCH
/vpn_gateways GET POST
/vpn_gateways/* DELETE GET PATCH
/vpn_gateways/*/advertised_cidrs GET
/vpn_gateways/*/advertised_cidrs/* DELETE GET PUT
/vpn_gateways/*/connections GET POST
/vpn_gateways/*/connections/* DELETE GET PATCH
/vpn_gateways/*/connections/*/local/cidrs GET
/vpn_gateways/*/connections/*/local/cidrs/* DELETE GET PUT
/vpn_gateways/*/connections/*/peer/cidrs GET
/vpn_gateways/*/connections/*/peer/cidrs/* DELETE GET PUT
/vpn_gateways/*/service_connections GET
/vpn_gateways/*/service_connections/* GET
/vpn_servers GET POST
/vpn_servers/* DELETE GET PATCH
/vpn_servers/*/client_configuration GET
/vpn_servers/*/clients GET
/vpn_servers/*/clients/* DELETE GET
/vpn_servers/*/clients/*/disconnect POST
/vpn_servers/*/routes GET POST
/vpn_servers/*/routes/* DELETE GET PATCH
`

const patterns = operations
  .trim()
  .split('\n')
  .map(line => {
    const [path = '', ...methods] = line.split(' ')
    return {path: new RegExp(`^${path.replaceAll('*', '[^/]+')}$`), methods}
  })

/** Whether IBM's VPC API has an operation, such as `GET` of `/load_balancers/x`; the path begins behind `/v1`. */
export function isVpcOperation(method: string, path: string): boolean {
  return patterns.some(each => each.methods.includes(method) && each.path.test(path))
}
