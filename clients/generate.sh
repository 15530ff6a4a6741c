#!/usr/bin/env bash
# Request a far-side magnetogram from a Farside service, with curl.
#
#   clients/generate.sh OUT.fits OBSERVATION... -- REFERENCE...
#
# OBSERVATION are FITS files of the far-side spacecraft, REFERENCE those of the front side (EUV and
# magnetogram). URL is the address of the service (default http://localhost:3000), MODEL its model,
# FARSIDE_API_KEY an API key if the service wants one.
set -euo pipefail

usage="usage: $0 OUT.fits OBSERVATION... -- REFERENCE..."
out=${1:?"$usage"}
: "${2:?"$usage"}"
shift
role=observation
form=()
for file in "$@"; do
  if [[ $file == -- ]]; then
    role=reference
  else
    form+=(--form "$role=@\"$file\"")
  fi
done
[[ -z ${MODEL:-} ]] || form+=(--form-string "model=$MODEL")

trap 'rm -f "$out.part"' EXIT
# curl waits as long as Retry-After says before it tries again.
if ! curl --config <(printf '%s' "${FARSIDE_API_KEY:+header = \"Authorization: Bearer $FARSIDE_API_KEY\"}") \
  --silent --show-error --fail-with-body --retry 3 --output "$out.part" \
  "${form[@]}" "${URL:-http://localhost:3000}/generate"; then
  [[ ! -s $out.part ]] || cat "$out.part" >&2
  exit 1
fi
mv "$out.part" "$out"
