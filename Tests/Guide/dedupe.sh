prepare() { head -c 3000000 /dev/urandom >golden.img && cat golden.img >copy.img; }
check() { swift-cp-reflink --json --sharing golden.img copy.img | jq -se '.[0].verdict == "shared"'; }
