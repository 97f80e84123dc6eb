"""Who beside a PACS listens to a node: a syslog server, which is to get the whole audit trail, and a worklist, which is to get
one message of each study."""

import collections
import json
import re

from local_services import ServiceError
from mllp_receiver import MllpReceiver
from syslog_server import SyslogServer

STUDY = re.compile(r"^OBX\|[^|]*\|[^|]*\|110180\^[^|]*\|[^|]*\|([0-9.]+)", re.MULTILINE)  # Study Instance UID (DCM)


class OtherPeers:
    def __init__(self):
        self.audit_server, self.worklist = SyslogServer(), MllpReceiver()

    def start(self):
        self.audit_server.start()
        self.worklist.start()
        return self

    def stop(self):
        self.audit_server.stop()
        self.worklist.stop()

    def audit(self):
        return {"syslog": [{"name": "arr", "port": self.audit_server.port, "protocol": self.audit_server.protocol, **self._any()}]}

    def destination(self):
        return {"name": "ris", "protocol": "hl7", "port": self.worklist.port, "hl7": {"receiving_application": "RIS"}, **self._any()}

    @staticmethod
    def _any():
        return {"host": "127.0.0.1", "first_delay": "50ms", "longest_delay": "500ms", "timeout": "5s"}

    def events_not_told(self, node):
        """Of the audit trail; whatever comes twice came as it is."""
        told = {json.dumps(event, sort_keys=True) for event in self.audit_server.events()}
        exported = node.run("audit", "export")
        if exported.returncode != 0:
            raise ServiceError(f"hilum audit export: {exported.stderr}")
        trail = {json.dumps(json.loads(line), sort_keys=True) for line in exported.stdout.splitlines()}
        if strange := told - trail:
            raise ServiceError(f"the audit server has what the trail has not: {sorted(strange)[:3]}")
        return trail - told

    def check_messages(self, studies):
        """Each of the studies has one message, which may have come more than once as it is, and no other study has any."""
        messages = collections.defaultdict(set)
        for message in self.worklist.messages:
            study = STUDY.search(message.replace("\r", "\n"))
            messages[study[1] if study else ""].add(message)
        wrong = {study: sorted(messages[study]) for study in studies if len(messages[study]) != 1}
        if wrong or set(messages) - set(studies):
            raise ServiceError(f"not one message each: {wrong}; of others: {set(messages) - set(studies)}")

    def forget_messages(self):
        self.worklist.messages.clear()
