#!/usr/bin/env bash
# kubelet and kubeadm 1.30 from the module k8s.io/kubernetes: this kubelet still works with an API server 1.18.
# go.mod replaces the staging modules, as kubernetes-1.37 does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../tools.sh source-path=SCRIPTDIR
source ../tools.sh

go_env
go build -trimpath -ldflags "$(kubernetes_ldflags)" -o "$OUT/$PART" "k8s.io/kubernetes/cmd/$PART"
case $PART in
kubeadm) "$OUT/$PART" version ;;
*) "$OUT/$PART" --version ;;
esac
