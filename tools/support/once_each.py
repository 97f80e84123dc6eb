"""Whether what was sent to a node came back to the PACS as one report and one picture each, and the node's audit trail holds."""

import collections

from local_services import ServiceError
from report_reading import SECONDARY_CAPTURE

ONCE = collections.Counter(sr=1, sc=1)


def kinds_by_study(pacs):
    """{StudyInstanceUID: Counter of "sr" and "sc"} of all that a PACS has."""
    found = collections.defaultdict(collections.Counter)
    for instance in pacs.get("/instances"):
        tags = pacs.get(f"/instances/{instance}/simplified-tags")
        found[tags["StudyInstanceUID"]]["sc" if tags["SOPClassUID"] == SECONDARY_CAPTURE else "sr"] += 1
    return found


def check_once_each(pacs, node, count):
    """The studies that came back. Raises ServiceError where they are not `count`, each once, or the trail is broken."""
    found = kinds_by_study(pacs)
    wrong = {study: dict(kinds) for study, kinds in found.items() if kinds != ONCE}
    if len(found) != count or wrong:
        raise ServiceError(f"{len(found)} of {count} studies came back; not once: {wrong}")
    verified = node.run("audit", "verify")
    if verified.returncode != 0:
        raise ServiceError(f"the audit trail broke: {verified.stdout}{verified.stderr}")
    return set(found)
