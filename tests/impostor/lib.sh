# shellcheck shell=bash disable=SC2034,SC2317
# lib.sh: what the suite and its tests share: the trials of `pgseal impostor`, and a client's file.

trials=(genuine no-tls self-signed foreign-ca wrong-name expired not-yet-valid revoked old-tls stripped)

# load NAME: reads a client's file anew.
load() {
    packages='' module='' library='' own_words='' told_bare=all told_drivers='' crl=''
    bare=() own=()
    build() { :; }
    # shellcheck source=/dev/null
    . "${BASH_SOURCE[0]%/*}/clients/$1.sh"
}
