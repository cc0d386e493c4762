#!/usr/bin/env bash
# The programs of Kubernetes 1.37 from the module k8s.io/kubernetes. Its own
# go.mod replaces the staging modules by folders that a module does not ship;
# ours replaces them by the released ones.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../tools.sh source-path=SCRIPTDIR
source ../tools.sh

go_env
go build -trimpath -ldflags "$(kubernetes_ldflags)" -o "$OUT/$PART" "k8s.io/kubernetes/cmd/$PART"
case $PART in
kubeadm) "$OUT/$PART" version ;;
kubectl) "$OUT/$PART" version --client ;;
*) "$OUT/$PART" --version ;;
esac
