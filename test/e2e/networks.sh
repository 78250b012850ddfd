#!/bin/sh
# networks.sh FOLDER, run in mount and PID namespaces of its own: the networks of a workstation, of an instance that it
# reaches, and of a container on the instance. All of it, mounts and processes too, is gone when stdin ends, as it does
# when whoever started it ends in whichever way.
set -eu
folder=$1
# /proc is the outside's still: there this shell has the number by which the others enter.
read -r pid _ </proc/self/stat
mount -t proc proc /proc
# For the names of the networks, and for sshd.
mount -t tmpfs tmpfs /run
mkdir /run/netns /run/sshd
for file in passwd group shadow; do mount --bind "$folder/$file" "/etc/$file"; done

for name in workstation instance container; do
  ip netns add "$name"
  ip -n "$name" link set lo up
done

# The instance has its reserved IP and its floating IP; the workstation, in whose network the cloud is as well, has an
# address for documentation (RFC 5737) and that of the metadata service.
ip -n workstation link add eth0 type veth peer name eth0 netns instance
ip -n workstation addr add 198.51.100.1/32 dev eth0
ip -n workstation addr add 169.254.169.254/32 dev eth0
ip -n workstation link set eth0 up
ip -n instance addr add 10.240.64.11/32 dev eth0
ip -n instance addr add 169.47.94.48/32 dev eth0
ip -n instance link set eth0 up
ip -n workstation route add 10.240.64.11 dev eth0 src 198.51.100.1
ip -n workstation route add 169.47.94.48 dev eth0 src 198.51.100.1
ip -n instance route add 198.51.100.1 dev eth0 src 10.240.64.11
# Whatever floating IP the sandbox reserves anew leads there as well.
ip -n workstation route add 203.0.113.0/24 via 10.240.64.11 dev eth0 onlink src 198.51.100.1
ip -n instance route add local 203.0.113.0/24 dev lo
ip -n instance route add 169.254.169.254 dev eth0 src 10.240.64.11

# The container's packets are forwarded by the instance, with one hop more to go.
ip -n instance link add bridge type veth peer name eth0 netns container
ip -n instance addr add 172.17.0.1/16 dev bridge
ip -n instance link set bridge up
ip -n container addr add 172.17.0.2/16 dev eth0
ip -n container link set eth0 up
ip -n container route add default via 172.17.0.1
ip netns exec instance sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
ip -n workstation route add 172.17.0.0/16 via 10.240.64.11 dev eth0 onlink src 169.254.169.254

echo "$pid"
read -r _ || :
rm -rf "$folder"
