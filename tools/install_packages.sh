# Sourced by ./quickstart and ./check. Installs Debian packages that are missing, and only those.
# shellcheck shell=bash

# The caller's name stands before each line, so that a reader of mixed output knows who speaks.
say() { printf '%s: %s\n' "${PROGRAM:?}" "$*" >&2; }

# die STATUS WHAT [DO]
die() {
  local status=$1
  say "$2"
  [ $# -lt 3 ] || printf '  do: %s\n' "$3" >&2
  exit "$status"
}

# Prints the packages of the given lists that dpkg does not have, one a line.
missing_packages() {
  local package
  sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@" | sort -u | while read -r package; do
    # "ii" with a third column: installed and configured. Anything else is not.
    case "$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null)" in
      ii*) ;;
      *) echo "$package" ;;
    esac
  done
}

# install_packages LIST...
install_packages() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    die 1 "this machine has no apt; muster is built and tested on Debian 12" \
      "install the packages of $* by their names on your system, then run the cmake presets by hand (CONTRIBUTING.md)"
  local missing as_root=()
  missing=$(missing_packages "$@" | tr '\n' ' ')
  [ -n "$missing" ] || return 0

  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
      as_root=(sudo)
    else
      die 1 "these Debian packages are missing, and without root or sudo they cannot be installed: $missing" \
        "have an administrator run: apt-get install --no-install-recommends $missing"
    fi
  fi

  say "installing $missing"
  # The lists on the machine may be new enough; fetching them again is the slow half, so it is the second try.
  # shellcheck disable=SC2086  # one word a package
  apt_install "${as_root[@]}" -- $missing >/dev/null 2>&1 && return 0
  say "fetching the package lists first (apt-get update)"
  "${as_root[@]}" apt-get -q update >&2 ||
    die 1 "apt-get update failed" "look at the lines above; the sources are in /etc/apt"
  # shellcheck disable=SC2086
  apt_install "${as_root[@]}" -- $missing >&2 ||
    die 1 "apt-get could not install: $missing" "look at the lines above; muster needs Debian 12 (bookworm)"
}

# apt_install [sudo] -- PACKAGE...
apt_install() {
  local as_root=()
  while [ "$1" != -- ]; do
    as_root+=("$1")
    shift
  done
  shift
  # env, since sudo drops the caller's environment. Never a question: both scripts also run where nobody could answer.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y --no-install-recommends -o Dpkg::Use-Pty=0 install "$@"
}

# build_step LOG WHAT COMMAND...: runs it with its output in LOG, says how long it took, and shows the end of LOG when it fails.
build_step() {
  local log=$1 what=$2 started=$SECONDS
  shift 2
  say "$what"
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    die 1 "$what: failed after $((SECONDS - started)) s" "read the lines above; all of them are in $log"
  fi
  say "$what: done in $((SECONDS - started)) s"
}
