#!/usr/bin/env bash
# One map of the whole Sun from the newest files of the instruments, through a Farside service.
#
#   clients/daily.sh INPUTS MAPS
#
# INPUTS has the files that your own fetching left: observation/ (EUVI), reference/ (AIA and HMI of the
# day that `farside reference-time` names) and observed/ (HMI of now). The map goes to MAPS, named by
# the time of the run, with its pictures; the far-side magnetogram to MAPS/far. The last map of MAPS is
# the base of the next; BASE names that of the first, a map of GONG, ADAPT or HMI. URL names the
# service (http://localhost:3000 unless set). What is missing is left out, and the map says so.
set -euo pipefail
shopt -s nullglob

inputs=${1:?"usage: $0 INPUTS MAPS"}
maps=${2:?"usage: $0 INPUTS MAPS"}
url=${URL:-http://localhost:3000}
now=$(date -u +%Y%m%dT%H%M%S)
mkdir -p "$maps/far"

options() { # NAME FILE...: the option once for each file
  local name=$1 file
  shift
  for file in "$@"; do given+=("$name" "$file"); done
}

given=()
options --observation "$inputs"/observation/*
options --reference "$inputs"/reference/*
far=$maps/far/$now.fits
if ! farside generate --server "$url" "${given[@]}" --out "$far"; then
  echo "$0: no far-side magnetogram; the map is made without" >&2
fi

given=()
options --observed "$inputs"/observed/*
[[ ! -e $far ]] || options --generated "$far"
earlier=("$maps"/*.fits)
base=${BASE:-}
((${#earlier[@]} == 0)) || base=${earlier[-1]}
[[ -z $base ]] || options --base "$base"
farside synchronic --server "$url" "${given[@]}" --out "$maps/$now.fits"
