#!/usr/bin/env bash
# OpenSearch, a real Elasticsearch-compatible engine, from Maven Central.
# 1.3, not 2: Logagent's bulk lines carry _type, which 2 refuses.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=../tools.sh source-path=SCRIPTDIR
source ../tools.sh

sha256=031e0cdcd14c7a5b9907dff8050fff76c7c2892c7313ea83c4a0bfbaae9265e3

need java openjdk-17-jre-headless
need mvn maven
need unzip unzip
mvn --batch-mode --no-transfer-progress \
  org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
  -Dartifact="org.opensearch.distribution.integ-test-zip:opensearch:$VERSION:zip" \
  -DoutputDirectory="$OUT/scratch" -Dmdep.useBaseVersion=true
echo "$sha256  $OUT/scratch/opensearch-$VERSION.zip" | sha256sum --check
unzip -q "$OUT/scratch/opensearch-$VERSION.zip" -d "$OUT/scratch"
mv "$OUT/scratch/opensearch-$VERSION" "$OUT/opensearch"
rm -rf "$OUT/scratch"
# It refuses to run as root, so an ordinary user must be able to read it.
chmod -R a+rX "$OUT"
