say() { echo "gantry: $*"; }
fail() {
  say "$*" >&2
  exit 1
}
