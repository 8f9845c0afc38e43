prepare() {
  mkdir data && truncate -s 1G data/sparse
  for at in 0 300 700; do head -c 100000 /dev/urandom | dd of=data/sparse bs=1M seek=$at conv=notrunc status=none; done
}
check() {
  cmp data/sparse ext4/data/sparse
  [ "$(stat -c %b ext4/data/sparse)" -le $((4 * 100000 / 512)) ]
}
