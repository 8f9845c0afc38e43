prepare() {
  mkdir data snapshots && head -c 30000000 /dev/urandom >data/image && echo text >data/a && ln data/a data/b
  swift-cp-reflink --snapshot data snapshots/2001-01-01-000000
  sleep 0.1
  swift-cp-reflink -a snapshots/2001-01-01-000000 disk/2001-01-01-000000
  dd if=/dev/urandom of=data/image bs=4096 count=3 seek=99 conv=notrunc status=none
  sync -f disk/.
  before=$(stat -f -c %f disk/.)
}
check() {
  sync -f disk/.
  # Three blocks, and what the file system keeps of names.
  [ $((($before - $(stat -f -c %f disk/.)) * $(stat -f -c %S disk/.))) -lt 1000000 ]
  diff -r data disk/20[2-9]*
  [ "$(ls snapshots | wc -l)" = 1 ]
}
