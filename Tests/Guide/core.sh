prepare() { { head -c 50000 /dev/urandom; head -c 100M /dev/zero; head -c 50000 /dev/urandom; } >core; }
check() {
  cmp core ext4/core
  [ "$(stat -c %b ext4/core)" -le 400 ]
  swift-cp-reflink --sparse=always -T /dev/stdin ext4/piped <core
  cat core | swift-cp-reflink --sparse=always -T /dev/stdin ext4/piped2
  cmp core ext4/piped2
  [ "$(stat -c %b ext4/piped2)" -le 400 ]
}
