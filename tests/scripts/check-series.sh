#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs scripts/check on this repository, with one test case for each rule.
set -u
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
out=$("$top/scripts/check" 2>&1)
code=$?
echo "$out" | awk '
    /^ok .*\(skipped: / { reason = $0; sub(/.*\(skipped: /, "", reason); sub(/\)$/, "", reason)
                          sub(/ \(skipped.*/, ""); print "ok " ++n " - " substr($0, 4) " # SKIP " reason; next }
    /^ok /   { gsub(/#/, ""); print "ok " ++n " - " substr($0, 4); next }
    /^FAIL / { gsub(/#/, ""); print "not ok " ++n " - " substr($0, 6); bad = 1; next }
             { print "# " $0 }
    END      { print "1.." n }'
# A script that broke down is a failure as well, whatever it had printed before.
case $code in 0 | 1) ;; *) echo "Bail out! scripts/check ended with $code" ;; esac
