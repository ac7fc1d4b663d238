"""Prints the offsets that Python's zoneinfo computes for the time zones of a directory, for comparison in tests.

    zones.py DIRECTORY SEED

The first line of the output is a list of times, in seconds since 1970: every fortnight from 2015 to 2045, and random
ones from 1900 to 2400. Each further line is a zone's name, and its offset from UTC in seconds at each of these times.
"""

import json
import random
import sys
import zoneinfo
from datetime import datetime, timezone
from pathlib import Path


def seconds(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=timezone.utc).timestamp())


def main() -> None:
    directory, chance = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
    zoneinfo.reset_tzpath(to=[str(directory)])
    moments = list(range(seconds(2015), seconds(2045), 14 * 86_400))
    moments += [chance.randrange(seconds(1900), seconds(2400)) for _ in range(200)]
    times = [datetime.fromtimestamp(moment, timezone.utc) for moment in moments]
    print(json.dumps(moments))
    for name in sorted(zoneinfo.available_timezones()):
        if "/" not in name or not (directory / name).exists():
            continue
        zone = zoneinfo.ZoneInfo(name)
        offsets = [int(time.astimezone(zone).utcoffset().total_seconds()) for time in times]
        print(json.dumps({"zone": name, "offsets": offsets}))


main()
