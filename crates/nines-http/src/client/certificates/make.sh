#!/usr/bin/env bash
# Makes the certificates of the tests anew, for a hundred years: two authorities, and who they speak for.
set -euo pipefail
cd "$(dirname "$0")"

authority() { # NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj "/CN=$1" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -keyout "$1.key" -out "$1.pem"
}

signed() { # NAME SUBJECT-ALTERNATIVE-NAME AUTHORITY
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  printf 'subjectAltName=%s\nbasicConstraints=critical,CA:FALSE\n' "$2" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -CAcreateserial -days 36500 -extfile "$1.ext" -out "$1.pem"
}

authority authority
authority stranger
signed node DNS:node.internal authority
signed local IP:127.0.0.1 authority
signed own DNS:nines stranger
rm -f ./*.csr ./*.ext ./*.srl authority.key stranger.key
