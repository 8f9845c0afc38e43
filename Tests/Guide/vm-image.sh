prepare() {
  qemu-img create -q -f qcow2 golden.qcow2 100M
  qemu-io -c 'write -P 7 0 5M' -c 'write -P 9 50M 1M' golden.qcow2 >/dev/null
}
check() {
  swift-cp-reflink --sharing golden.qcow2 web1.qcow2 | tail -n 1 | grep ' 0 B exclusive'
}
