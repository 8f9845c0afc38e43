prepare() {
  mkdir -p data/d && echo text >data/d/a
  for day in 1 2 3 4 5 6 7 8 9; do mkdir -p snapshots/2001-01-0$day; done
}
check() {
  [ "$(ls snapshots | wc -l)" = 7 ] && [ ! -e snapshots/2001-01-03 ]
  diff -r data "snapshots/$(date +%F)"
}
