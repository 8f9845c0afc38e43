prepare() {
  export HOME="$PWD" GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@invalid
  export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@invalid
  git init -q server
  head -c 3000000 /dev/urandom >server/disk.img
  (cd server && git annex init server && git annex add disk.img && git commit -qm disk) >/dev/null
  git clone -q server laptop
  git -C laptop annex init laptop >/dev/null
}
check() { cmp server/disk.img laptop/disk.img && swift-cp-reflink --json --sharing server/disk.img laptop/disk.img |
  jq -se '.[0].verdict == "shared"'; }
