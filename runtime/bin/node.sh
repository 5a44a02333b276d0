# Sourced by the launchers beside it: run_with_node FILE ARGS... replaces the shell by Node running FILE, so that the
# script's pid is the server's.
#
#   GANTRY_NODE         the Node to use (default: the nearest node_modules/.bin/node upwards from here, then `node` on the PATH)
#   GANTRY_CACHE        folder for compiled modules (default: .cache beside bin); without a writable one every start compiles anew
#   GANTRY_NODE_OPTIONS more flags for Node, separated by blanks

NODE_VERSION_MIN='24.12'

fail() {
  echo "$(basename "$0"): $1" >&2
  exit 1
}

# The folder of this file and of the launcher, links resolved.
bin_folder() {
  file=$1
  while [ -L "$file" ]; do
    target=$(readlink "$file")
    case $target in
      /*) file=$target ;;
      *) file=$(dirname "$file")/$target ;;
    esac
  done
  (cd "$(dirname "$file")" && pwd -P)
}

# Succeeds if the Node at $1 can run TypeScript as it stands.
is_new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 24 || (a == 24 && b >= 12) ? 0 : 1)' \
    >/dev/null 2>&1
}

find_node() {
  if [ -n "${GANTRY_NODE:-}" ]; then
    [ -x "$GANTRY_NODE" ] || fail "GANTRY_NODE is \"$GANTRY_NODE\", which is not an executable file"
    NODE=$GANTRY_NODE
    return
  fi
  folder=$1
  while :; do
    # The one a package manager put there has the version that the package asks for.
    if [ -x "$folder/node_modules/.bin/node" ]; then
      NODE=$folder/node_modules/.bin/node
      return
    fi
    [ "$folder" = / ] && break
    folder=$(dirname "$folder")
  done
  NODE=$(command -v node) || fail "no Node found: install Node $NODE_VERSION_MIN or newer, or set GANTRY_NODE to one"
  is_new_enough "$NODE" ||
    fail "$NODE is version $("$NODE" --version 2>/dev/null); Node $NODE_VERSION_MIN or newer is needed (set GANTRY_NODE to one)"
}

run_with_node() {
  bin=$(bin_folder "$0")
  find_node "$bin"
  cache=${GANTRY_CACHE:-$(dirname "$bin")/.cache}/compile
  if mkdir -p "$cache" 2>/dev/null && [ -w "$cache" ]; then
    export NODE_COMPILE_CACHE="$cache"
  fi
  program=$1
  shift
  # A build has JavaScript in the same places.
  [ -e "$bin/$program" ] || program=${program%.ts}.js
  # shellcheck disable=SC2086 -- flags are words
  exec "$NODE" --disable-warning=ExperimentalWarning ${NODE_FLAGS:-} ${GANTRY_NODE_OPTIONS:-} "$bin/$program" "$@"
}
