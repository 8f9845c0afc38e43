prepare() { mkdir data && head -c 100000 /dev/urandom >data/a; }
check() { diff -r data proved && diff -r data ext4/listed; }
