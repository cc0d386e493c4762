#!/usr/bin/env bash
# The first process of a node, pid 1 in namespaces of its own (machine.ts makes them). It gives the node a root of its
# own: the machine's files with the node's changes over them. Then it keeps the node's services running, as systemd
# does on a real one. With it everything on the node ends, so ending it and starting it again is a power cut.
#
#   boot.sh FOLDER NAME PARTS     what the node keeps over a reboot, its host name, the folder of the built parts
set -euo pipefail
folder=$1 name=$2 parts=$3
root=$folder/root

first=$([ -d "$folder/changes" ] || echo yes)
mkdir -p "$folder"/{changes,work,root,containerd}
mount -t overlay node -o "lowerdir=/,upperdir=$folder/changes,workdir=$folder/work" "$root"
if [ "$first" ]; then
  for path in etc/kubernetes etc/cni var/lib/{cni,containerd,etcd,kubelet,sematext-audit} \
    var/log/{containers,kubernetes,node,pods}; do
    rm -rf "${root:?}/$path"
  done
  echo "$name" >"$root/etc/hostname"
  printf '127.0.0.1 localhost %s\n::1 localhost\n' "$name" >"$root/etc/hosts"
fi

# overlayfs, which containerd makes its containers' roots of, does not work above another overlay
mkdir -p "$root"/{opt/parts,var/lib/containerd,var/log/node}
mount --bind "$folder/containerd" "$root/var/lib/containerd"
mount --bind "$parts" "$root/opt/parts"
mount -o remount,bind,ro "$root/opt/parts"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
for path in run tmp; do mount -t tmpfs -o mode=1777 "$path" "$root/$path"; done
mkdir -p "$root"/run/{lock,node,old}

# Covers a file below /proc/sys. The boot ID must change with a reboot; the others belong to the whole machine, and
# kubelet leaves them alone when they are as it wants them (pkg/kubelet/cm, setupKernelTunables).
cover() {
  local file=$root/run/node/${1//\//.}
  echo "$2" >"$file"
  mount --bind "$file" "$root/proc/sys/$1"
}
cover kernel/random/boot_id "$(cat /proc/sys/kernel/random/uuid)"
cover vm/overcommit_memory 1
cover vm/panic_on_oom 0
cover kernel/panic 10
cover kernel/panic_on_oops 1
cover kernel/keys/root_maxkeys 1000000
cover kernel/keys/root_maxbytes 25000000

cd "$root"
pivot_root . run/old
umount -l /run/old
mount --make-rshared /
hostname "$name"
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward

# serve NAME FILE COMMAND...: keeps it running once FILE is there, unless /run/node/NAME.off is.
serve() {
  local name=$1 file=$2
  shift 2
  while sleep 0.1; do
    if [ -e "$file" ] && [ ! -e "/run/node/$name.off" ]; then
      "$@" >>"/var/log/node/$name.log" 2>&1 &
      echo $! >"/run/node/$name.pid"
      wait $! || true
    fi
  done
}

kubelet_as_kubeadm_says() {
  local KUBELET_KUBEADM_ARGS=
  # shellcheck source=/dev/null
  [ ! -e /var/lib/kubelet/kubeadm-flags.env ] || . /var/lib/kubelet/kubeadm-flags.env
  # shellcheck disable=SC2086 # several flags in one variable
  exec kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf \
    --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS
}

touch /run/node/up
until ip -4 address show dev eth0 2>/dev/null | grep -q inet; do sleep 0.05; done
serve containerd /etc/containerd/config.toml containerd &
serve kubelet /var/lib/kubelet/config.yaml kubelet_as_kubeadm_says &
serve kube-proxy /var/lib/kube-proxy/config.conf kube-proxy --config=/var/lib/kube-proxy/config.conf &
wait
