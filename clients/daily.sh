#!/usr/bin/env bash
# Make a synchronic map from the newest instrument files, through a Farside service.
#
#   clients/daily.sh INPUTS MAPS
#
# INPUTS holds the downloaded files: observation/ (EUVI), reference/ (AIA and HMI of the epoch that
# `farside reference-time` prints) and observed/ (current HMI). The map goes to MAPS, named by the time
# of the run, with its pictures; the far-side magnetogram to MAPS/far. The last map in MAPS is the base
# map of the next; BASE is that of the first, a map of GONG, ADAPT or HMI. URL is the address of the
# service (default http://localhost:3000). Missing inputs are left out, and the map is flagged.
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
