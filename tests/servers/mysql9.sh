#!/usr/bin/env bash
# A private MySQL 9 server for tests, on a Debian machine whose own release has
# no MySQL. Debian's unstable packages are unpacked into DIR and run through the
# dynamic loader unpacked beside them, so nothing is installed and the machine's
# own libraries stay as they are. Root is not needed.
#
#   mysql9.sh install DIR           download, unpack and initialise; nothing if done
#   mysql9.sh serve DIR DATA PORT   serve a new copy of the initialised data, made at
#                                   DATA, on 127.0.0.1:PORT, in the foreground
#
# Several may serve at once, but one install. The account is root with no password,
# reachable over loopback only. The settings trade durability for speed: never keep
# data in it.
#
# Packages come from the mirror that the machine's own apt sources name; set
# DEBIAN_MIRROR to use another.
#
# Exit status: 0 done, 1 failed (the reason is on standard error), 2 wrong usage.
set -euo pipefail

readonly SUITE=sid
readonly PACKAGE=mysql-server-core
readonly KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

usage() {
  sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$0" >&2
  exit 2
}

fail() {
  echo "mysql9: $*" >&2
  exit 1
}

# Sets the paths of one installation. $1: DIR.
use_dir() {
  mkdir -p "$1"
  base=$(cd "$1" && pwd)
  root=$base/root     # the unpacked packages
  apt=$base/apt       # apt's private state, lists and downloads
  pristine=$base/data # the initialised data directory, copied for each server
  log=$base/install.log
}

# Prints the first mirror named by the machine's apt sources, one-line style or
# deb822, leaving out the security archive, which has no unstable suite.
mirror() {
  if [ -n "${DEBIAN_MIRROR:-}" ]; then
    echo "$DEBIAN_MIRROR"
    return
  fi
  local files=() file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [ ! -f "$file" ] || files+=("$file")
  done
  [ "${#files[@]}" -gt 0 ] || return 0
  awk '
    /^[ \t]*#/ { next }
    /^URIs:/ { for (i = 2; i <= NF; i++) print $i }
    $1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /:\//) { print $i; break } }
  ' "${files[@]}" | grep -v security | grep -m1 '/debian/*$' || true
}

# Runs apt-get on the private state alone. The empty status file makes it
# resolve every dependency, down to libc, instead of counting what is installed.
# A mirror may be a snapshot, whose expiry date says nothing; signatures do count.
private_apt() {
  apt-get -q -y \
    -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
    -o Dir::State="$apt/state" -o Dir::State::lists="$apt/lists" \
    -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" \
    -o Dir::Log="$apt/log" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
    -o APT::Default-Release= -o APT::Install-Recommends=false \
    -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=true \
    -o Acquire::Languages=none -o Acquire::Retries=3 -o Acquire::Check-Valid-Until=false \
    "$@"
}

download() {
  command -v apt-get >/dev/null || fail "this is not a Debian machine: it has no apt-get"
  local uri signed=
  uri=$(mirror)
  [ -n "$uri" ] || fail "no Debian mirror in the machine's apt sources; set DEBIAN_MIRROR"
  [ ! -f "$KEYRING" ] || signed="[signed-by=$KEYRING] "
  mkdir -p "$apt"/{state,lists/partial,cache/archives/partial,log}
  : >"$apt/status"
  echo "deb ${signed}${uri} $SUITE main" >"$apt/sources.list"
  private_apt update >"$log" 2>&1 || fail "apt-get update failed; see $log"
  private_apt install --download-only "$PACKAGE" >>"$log" 2>&1 \
    || fail "apt-get could not download $PACKAGE; see $log"
}

unpack() {
  local folder package
  rm -rf "$root.part"
  # Packages that still ship /lib then land in /usr/lib.
  mkdir -p "$root.part"/usr/{lib,lib64,bin,sbin}
  for folder in lib lib64 bin sbin; do ln -s "usr/$folder" "$root.part/$folder"; done
  for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink --no-same-owner -C "$root.part"
  done
  mv "$root.part" "$root"
  rm -rf "$apt"
}

# Becomes mysqld of the unpacked root, through its own loader.
exec_mysqld() {
  local loader libraries
  loader=$(find "$root/usr/lib" -name 'ld-linux*.so.*' -print -quit)
  [ -n "$loader" ] || fail "no dynamic loader under $root; remove $base and install again"
  libraries=$(dirname "$loader"):$root/usr/lib/mysql/private:$root/usr/lib/mysql
  exec "$loader" --library-path "$libraries" "$root/usr/sbin/mysqld" \
    --no-defaults --user="$(id -un)" --basedir="$root/usr" \
    --lc-messages-dir="$root/usr/share/mysql" --plugin-dir="$root/usr/lib/mysql/plugin" \
    --secure-file-priv= --innodb-buffer-pool-size=64M --innodb-redo-log-capacity=16M \
    --innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync --innodb-doublewrite=OFF \
    --innodb-use-native-aio=OFF "$@"
}

initialise() {
  rm -rf "$pristine.part"
  # Names are not resolved (see serve), so root@localhost is not enough.
  cat >"$base/accounts.sql" <<'SQL'
CREATE USER root@'127.0.0.1';
GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
SQL
  (exec_mysqld --initialize-insecure --datadir="$pristine.part" --tmpdir="$base" \
    --init-file="$base/accounts.sql") \
    >>"$log" 2>&1 || fail "mysqld could not initialise; see $log"
  rm "$base/accounts.sql"
  # Two servers with one identity would be refused as a replication pair, and nothing else needs it.
  rm -f "$pristine.part/auto.cnf"
  mv "$pristine.part" "$pristine"
}

install_server() {
  if [ ! -d "$root" ]; then
    download
    unpack
  fi
  [ -d "$pristine" ] || initialise
}

serve() {
  local data=$1 port=$2
  [ -d "$pristine" ] || fail "no server in $base; run: mysql9.sh install $base"
  # One that is there is of a server that ended and is started again.
  [ -d "$data" ] || cp -R --sparse=always --reflink=auto "$pristine" "$data"
  exec_mysqld --datadir="$data" --port="$port" --bind-address=127.0.0.1 --skip-name-resolve \
    --socket="$data/socket" --pid-file="$data/mysqld.pid" --tmpdir="$data" --mysqlx=OFF --skip-log-bin \
    --performance-schema=OFF --event-scheduler=OFF --table-open-cache=400 --max-connections=200
}

case "${1:-} $#" in
  "install 2") use_dir "$2"; install_server ;;
  "serve 4") use_dir "$2"; serve "$3" "$4" ;;
  *) usage ;;
esac
