prepare() {
  mkdir vm
  qemu-img create -q -f vmdk -o subformat=monolithicFlat vm/disk.vmdk 100M
  qemu-io -f vmdk -c 'write -P 7 0 5M' vm/disk.vmdk >/dev/null
}
check() {
  swift-cp-reflink --sharing vm/disk-flat.vmdk clone/disk-flat.vmdk | tail -n 1 | grep ' 0 B exclusive'
}
