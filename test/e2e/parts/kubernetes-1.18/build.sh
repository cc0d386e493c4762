#!/usr/bin/env bash
# The control plane of Kubernetes 1.18, the last one with AuditSink, by a Go of
# today.
#
# go.mod says which four dependencies had to be newer than its own to compile
# and run. What is left, for the API server: the file with the OpenAPI
# definitions is generated when Kubernetes is built and is in no module. So:
# generate it, put it into a throw-away copy of the module, build from that copy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../tools.sh source-path=SCRIPTDIR
source ../tools.sh

go_env
if [ "$PART" != kube-apiserver ]; then
  go build -trimpath -ldflags "$(kubernetes_ldflags)" -o "$OUT/$PART" "k8s.io/kubernetes/cmd/$PART"
  "$OUT/$PART" --version
  exit
fi

scratch=$OUT/scratch
mkdir -p "$scratch"

echo "the module, copied"
module=$(go mod download -json k8s.io/kubernetes | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p')
cp -R "$module" "$scratch/kubernetes"
chmod -R u+w "$scratch/kubernetes"

echo "the packages that ask for OpenAPI definitions"
go list -deps -f '{{.ImportPath}} {{.Dir}}' k8s.io/kubernetes/cmd/kube-apiserver |
  while read -r package dir; do
    if grep -qs '+k8s:openapi-gen=' "$dir"/*.go; then
      echo "$package"
    fi
  done >"$scratch/packages"
count=$(wc -l <"$scratch/packages")
echo "$count packages"
test "$count" -ge 60

echo "the definitions, generated"
go build -trimpath -o "$scratch/openapi-gen" k8s.io/kube-openapi/cmd/openapi-gen
"$scratch/openapi-gen" \
  --go-header-file "$scratch/kubernetes/hack/boilerplate/boilerplate.generatego.txt" \
  --input-dirs "$(paste -sd, "$scratch/packages")" \
  --output-package k8s.io/kubernetes/pkg/generated/openapi \
  --output-file-base zz_generated.openapi \
  --output-base "$scratch/generated" \
  --report-filename "$scratch/violations.list"
cp "$scratch/generated/k8s.io/kubernetes/pkg/generated/openapi/zz_generated.openapi.go" \
  "$scratch/kubernetes/pkg/generated/openapi/"

echo "the API server"
cp -R go.mod go.sum sample-cli-plugin "$scratch/"
(
  cd "$scratch"
  go mod edit -replace=k8s.io/kubernetes=./kubernetes
  go build -trimpath -ldflags "$(kubernetes_ldflags)" -o "$OUT/$PART" k8s.io/kubernetes/cmd/kube-apiserver
)
"$OUT/$PART" --version
rm -rf "$scratch"
