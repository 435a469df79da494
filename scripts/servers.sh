#!/bin/sh
# Programs that tests drive: a real nginx and a real Caddy before other sites, a reader of PDFs. Use what is on
# PATH, else install Debian's when we may. Without them these tests are skipped, and say so.
set -eu
PATH="$PATH:/usr/sbin:/sbin"
missing=""
command -v nginx >/dev/null 2>&1 || missing="$missing nginx-light"
command -v caddy >/dev/null 2>&1 || missing="$missing caddy"
command -v pdftotext >/dev/null 2>&1 || missing="$missing poppler-utils"
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
    echo "The tests with$missing are skipped: install (Debian: sudo apt-get install$missing) to run them." >&2
    exit 0
fi
echo "installing$missing for the tests"
# Only the programs are wanted: their services must not start and take ports of this machine.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
apt-get update -qq || true
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    echo "The tests with$missing are skipped: they could not be installed." >&2
