"""Parses calendars with another library: for each file, prints one line of JSON with its events, or with its error.

    calendars.py FROM TO FILE…

FROM and TO are seconds since 1970; of recurring events, only the occurrences that begin between them are printed. An
event is its UID, and its start and end in seconds since 1970.
"""

import json
import sys
from datetime import datetime, timezone

import icalendar
import recurring_ical_events


def events(path: str, begin: datetime, end: datetime) -> list:
    with open(path, "rb") as file:
        calendar = icalendar.Calendar.from_ical(file.read())
    broken = [error for component in calendar.walk() for error in component.errors]
    if broken:
        raise ValueError(f"{broken}")
    found = []
    for event in recurring_ical_events.of(calendar).between(begin, end):
        start, stop = event["DTSTART"].dt.timestamp(), event["DTEND"].dt.timestamp()
        if begin.timestamp() <= start < end.timestamp():
            found.append([str(event["UID"]), int(start), int(stop)])
    return sorted(found)


def main() -> None:
    begin, end = (datetime.fromtimestamp(int(text), timezone.utc) for text in sys.argv[1:3])
    for path in sys.argv[3:]:
        try:
            answer = {"events": events(path, begin, end)}
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer))


main()
