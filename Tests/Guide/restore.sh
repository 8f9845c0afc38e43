prepare() {
  mkdir data && head -c 1000000 /dev/urandom >data/image
  swift-cp-reflink -a data disk/last
  cp -p data/image time
  dd if=/dev/urandom of=data/image bs=4096 count=3 seek=9 conv=notrunc status=none
  touch -r time data/image
}
check() { cmp data/image disk/last/image && ! cmp -s damaged/image data/image; }
