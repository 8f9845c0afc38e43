prepare() { mkdir -p cache/build && head -c 100000 /dev/urandom >cache/build/object; touch -d 2001-01-01 cache/build/object; }
check() {
  swift-cp-reflink --sharing cache/build build | tail -n 1 | grep ' 0 B exclusive'
  [ "$(stat -c %Y cache/build/object)" = "$(date -d 2001-01-01 +%s)" ]
}
