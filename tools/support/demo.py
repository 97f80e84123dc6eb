"""What tools/demo runs when everything is built: radiographs go into Orthanc, and results come back.

Standard output is for people; the exit status is for scripts.
"""

import argparse
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from local_services import ROUTED_MODALITIES, Hilum, Orthanc, ServiceError
from report_reading import SECONDARY_CAPTURE, diagnoses

PHANTOMS = 6
SECONDS_WITHOUT_PROGRESS = 180
POLL_SECONDS = 0.2


class Study:
    """A study that was stored in Orthanc, and what has come back for it."""

    def __init__(self, identifier, name):
        self.identifier = identifier
        self.names = [name]
        self.routed = 0  # images that Orthanc passes on to Hilum
        self.stored_at = time.monotonic()
        self.reports, self.captures = {}, {}
        self.seconds = None

    def is_complete(self):
        """A report that tells of each image, and a picture of each that was analysed."""
        for report in self.reports.values():
            outcomes = diagnoses(report)
            analysed = sum(outcome.analysed for outcome in outcomes)
            if outcomes and len(outcomes) >= self.routed and len(self.captures) >= analysed:
                return True
        return False


def dicom_files(arguments):
    for argument in arguments:
        path = pathlib.Path(argument)
        if not path.exists():
            raise ServiceError(f"{path} does not exist")
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.read_bytes()[128:132] == b"DICM":
                yield file


def fill_in(template, **values):
    for name, value in values.items():
        template = template.replace(f"@{name}@", str(value))
    return template


class Demo:
    def __init__(self, options, folder):
        self.options = options
        self.folder = pathlib.Path(folder)
        self.pictures = options.source / "build" / "demo-pictures"
        self.pacs = Orthanc(self.folder / "orthanc", routes=True)
        self.node = None
        self.studies = {}
        self.seen = set()

    def start(self):
        print("Starting Orthanc (the PACS) and hilumd ...", flush=True)
        self.pacs.start()
        template = (self.options.source / "config" / "demo.yaml").read_text()
        self.node = Hilum(self.options.binaries, self.folder / "hilum", fill_in(
            template, DATA_DIR=self.folder / "hilum" / "data", PACS_PORT=self.pacs.port,
            MODEL=self.options.source / "config" / "models" / "demo"))
        self.node.start()
        self.pacs.know("hilum", "HILUM", self.node.port)

    def stop(self):
        for service in (self.node, self.pacs):
            if service is None:
                continue
            try:
                service.stop()
            except ServiceError as error:
                print(error, file=sys.stderr)

    def radiographs(self):
        if self.options.files:
            return list(dicom_files(self.options.files))
        folder = self.folder / "phantoms"
        seed = int(time.time())
        made = self.node.run("phantom", "--count", PHANTOMS, "--seed", seed, "--run", seed, "--out", folder)
        if made.returncode != 0:
            raise ServiceError(f"hilum phantom failed: {made.stderr}")
        return sorted(folder.glob("*.dcm"))

    def store(self):
        files = self.radiographs()
        if not files:
            raise ServiceError("no DICOM files there")
        print(f"Storing {len(files)} images into Orthanc, which routes radiographs to Hilum ...\n", flush=True)
        for file in files:
            answer = self.pacs.store(file)
            self.seen.add(answer["ID"])
            modality = self.pacs.get(f"/instances/{answer['ID']}/simplified-tags").get("Modality")
            if modality not in ROUTED_MODALITIES:
                print(f"{file.name} is a {modality or 'file without a modality'}: Orthanc's rule does not route it\n")
                continue
            study = self.studies.get(answer["ParentStudy"])
            if study is None:
                study = self.studies[answer["ParentStudy"]] = Study(answer["ParentStudy"], file.name)
            else:
                study.names.append(file.name)
            study.routed += 1
            self.collect()
        if not self.studies:
            raise ServiceError("none of the files is a radiograph (CR or DX)")

    def collect(self):
        """Takes what has arrived since; whether there was anything."""
        news = False
        for instance in self.pacs.get("/instances"):
            if instance in self.seen:
                continue
            self.seen.add(instance)
            if self.pacs.sender_of(instance) == "HILUM":
                self.take(instance)
                news = True
        return news

    def take(self, instance):
        study = self.studies.get(self.pacs.get(f"/instances/{instance}/study")["ID"])
        if study is None:
            return
        tags = self.pacs.get(f"/instances/{instance}/simplified-tags")
        if tags["SOPClassUID"] == SECONDARY_CAPTURE:
            study.captures[instance] = self.pacs.get_file(instance)
        elif tags["Modality"] == "SR":
            study.reports[instance] = self.pacs.get_file(instance)
        if study.seconds is None and study.is_complete():
            study.seconds = time.monotonic() - study.stored_at
            self.show(study)

    def show(self, study):
        print("=" * 100)
        print(f"Study of {', '.join(study.names)}")
        for report in study.reports.values():
            for diagnosis in diagnoses(report):
                print(f"  finding:  {diagnosis}")
        print(f"  time:     {study.seconds:.1f} s from storing to the results in Orthanc")
        for instance, capture in study.captures.items():
            print(f"  picture:  {self.write_picture(instance, capture)}")
        for report in study.reports.values():
            print("  report:\n")
            print("\n".join("    " + line for line in self.report_text(report).splitlines()))
        print(flush=True)

    def write_picture(self, instance, capture):
        self.pictures.mkdir(parents=True, exist_ok=True)
        source, picture = self.folder / "capture.dcm", self.pictures / f"{instance}.png"
        source.write_bytes(capture)
        subprocess.run(["dcm2pnm", "--write-png", source, picture], check=True, capture_output=True)
        return picture

    def report_text(self, report):
        file = self.folder / "report.dcm"
        file.write_bytes(report)
        # +U8: names in any character set become UTF-8.
        return subprocess.run(["dsrdump", "+U8", "-Ph", "+Pl", file], check=True, capture_output=True, text=True).stdout

    def await_results(self):
        """Until all studies have their results or nothing has moved for long; those that have none."""
        last_news = time.monotonic()
        while True:
            waiting = [study for study in self.studies.values() if study.seconds is None]
            if not waiting or time.monotonic() - last_news > SECONDS_WITHOUT_PROGRESS:
                return waiting
            if not self.node.is_running():
                raise ServiceError(f"hilumd ended:\n{self.node.log()[-3000:]}")
            if self.collect():
                last_news = time.monotonic()
            else:
                time.sleep(POLL_SECONDS)

    def show_addresses(self):
        print("=" * 100)
        print(f"Orthanc, with the studies and their results:   {self.pacs.url}/app/explorer.html")
        print(f"Hilum's dashboard, metrics and health:         {self.node.url}/  /metrics  /readyz")
        print(f"The token that the dashboard asks for:         {self.node.token}")
        print(f"DICOM: Hilum is HILUM at 127.0.0.1:{self.node.port}, Orthanc is ORTHANC at 127.0.0.1:{self.pacs.port}")
        print(f"Pictures, kept until the next demo:            {self.pictures}")

    def run(self):
        shutil.rmtree(self.pictures, ignore_errors=True)
        self.start()
        self.store()
        missing = self.await_results()
        self.show_addresses()
        for study in missing:
            print(f"No results for the study of {', '.join(study.names)}", file=sys.stderr)
        if missing:
            print(f"hilumd's log ends with:\n{self.node.log()[-3000:]}", file=sys.stderr)
        if not self.options.once:
            print("\nStore more radiographs into Orthanc to see them come back here. Ctrl-C ends the demo.", flush=True)
            self.follow()
        else:
            print(f"\n{len(self.studies) - len(missing)} of {len(self.studies)} studies have their results in Orthanc.")
        return 1 if missing else 0

    def follow(self):
        while self.node.is_running():
            for study in self.pacs.get("/studies"):
                if study not in self.studies:
                    self.studies[study] = Study(study, f"{self.pacs.url}/app/explorer.html#study?uuid={study}")
            if not self.collect():
                time.sleep(POLL_SECONDS)
        raise ServiceError(f"hilumd ended:\n{self.node.log()[-3000:]}")


def main():
    parser = argparse.ArgumentParser(prog="tools/demo", description="Shows Hilum at work beside a PACS.")
    parser.add_argument("--source", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--binaries", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--once", action="store_true", help="end when all results are there")
    parser.add_argument("files", nargs="*", help="DICOM files and folders; none: synthetic radiographs")
    options = parser.parse_args()

    def interrupted(number, frame):
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    with tempfile.TemporaryDirectory(prefix="hilum-demo-") as folder:
        demo = Demo(options, folder)
        try:
            return demo.run()
        except KeyboardInterrupt:
            print("\nEnding ...", flush=True)
            return 130 if options.once else 0
        except ServiceError as error:
            print(f"tools/demo: {error}", file=sys.stderr)
            return 1
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            demo.stop()


if __name__ == "__main__":
    sys.exit(main())
