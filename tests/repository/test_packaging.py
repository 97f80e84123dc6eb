"""The Debian package and the systemd unit: what is in them, and what systemd thinks of it."""

import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["HILUM_BUILD"])
WORST_EXPOSURE, HARDENED_EXPOSURE = 1.5, 1.2  # of 10, by systemd-analyze security

EXPECTED = {
    "usr/bin/hilumd", "usr/bin/hilum", "usr/bin/hilum-worker", "usr/bin/hilum-import-model", "etc/hilum/hilum.yaml",
    "usr/bin/hilum-train", "usr/share/man/man1/hilum-train.1.gz", "usr/share/doc/hilum/examples/recipe.yaml",
    "usr/share/bash-completion/completions/hilum-train",
    "usr/share/hilum/models/demo/model.yaml", "usr/lib/systemd/system/hilum.service", "usr/lib/sysusers.d/hilum.conf",
    "usr/lib/tmpfiles.d/hilum.conf", "usr/share/doc/hilum/copyright", "usr/share/doc/hilum/docs/operations.md",
    "usr/share/doc/hilum/examples/route_to_hilum.lua", "usr/share/doc/hilum/changelog.gz", "usr/share/doc/hilum/CHANGELOG.md.gz",
    "usr/share/man/man1/hilum.1.gz", "usr/share/man/man1/hilum-import-model.1.gz", "usr/share/man/man5/hilum.yaml.5.gz",
    "usr/share/man/man5/model.yaml.5.gz", "usr/share/man/man8/hilumd.8.gz", "usr/share/man/man8/hilum-worker.8.gz",
    "usr/share/bash-completion/completions/hilum", "usr/share/bash-completion/completions/hilumd",
    "usr/share/lintian/overrides/hilum", "usr/share/doc/hilum/hilum.cdx.json", "usr/share/hilum/import_model/import_model.py",
}
FOLDERS = ("DEBIAN/", "usr/share/hilum/models/demo/", "usr/share/hilum/models/chest-nih/", "usr/share/hilum/import_model/", "usr/share/doc/hilum/")


def need(program):
    if shutil.which(program) is None:
        raise unittest.SkipTest(f"{program} is not installed")


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for program in ("cpack", "dpkg-deb", "dpkg-shlibdeps", "systemd-analyze"):
            need(program)
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="hilum-package-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        packed = subprocess.run(["cpack", "-G", "DEB", "-B", str(cls.folder / "out")], cwd=BUILD, capture_output=True,
                                text=True, check=False)
        assert packed.returncode == 0, packed.stdout + packed.stderr
        cls.package, = (cls.folder / "out").glob("*.deb")
        cls.root = cls.folder / "root"
        subprocess.run(["dpkg-deb", "-R", str(cls.package), str(cls.root)], check=True)

    def control(self, name):
        return (self.root / "DEBIAN" / name).read_text()

    def test_every_file_is_in_its_place(self):
        files = {file.relative_to(self.root).as_posix() for file in self.root.rglob("*") if file.is_file()}
        self.assertEqual(EXPECTED - files, set())
        strangers = [file for file in files - EXPECTED
                     if not file.startswith(FOLDERS)]
        self.assertEqual(strangers, [])

    def test_the_model_comes_with_its_weights(self):
        folder = self.root / "usr/share/hilum/models/demo"
        weights = re.search(r"^file:\s*(\S+)", (folder / "model.yaml").read_text(), re.MULTILINE)[1]
        self.assertGreater((folder / weights).stat().st_size, 10_000)

    def test_the_configuration_is_the_sites_own(self):
        self.assertEqual(self.control("conffiles").split(), ["/etc/hilum/hilum.yaml"])

    def test_libraries_are_depended_on(self):
        depends = re.search(r"^Depends: (.*)$", self.control("control"), re.MULTILINE)[1]
        for library in ("libdcmtk17", "libtorch1.13", "libsqlite3-0", "libc6", "fonts-dejavu-core"):
            self.assertIn(library, depends)

    def test_programs_are_stripped_and_executable(self):
        for program in ("hilumd", "hilum", "hilum-train", "hilum-worker"):
            file = self.root / "usr/bin" / program
            self.assertEqual(file.stat().st_mode & 0o777, 0o755)
            sections = subprocess.run(["readelf", "-S", str(file)], capture_output=True, text=True, check=True).stdout
            self.assertNotIn(".debug_info", sections)

    def test_maintainer_scripts_are_valid_shell(self):
        for script in ("postinst", "prerm", "postrm"):
            file = self.root / "DEBIAN" / script
            self.assertTrue(os.access(file, os.X_OK), script)
            subprocess.run(["sh", "-n", str(file)], check=True)

    def test_links_between_the_documents_lead_somewhere(self):
        documents = list((self.root / "usr/share/doc/hilum/docs").rglob("*.md"))
        self.assertGreater(len(documents), 5)
        for document in documents:
            for link in re.findall(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)", document.read_text()):
                self.assertTrue((document.parent / link).exists(), f"{document.name} links to {link}")

    def test_lintian_has_no_complaint(self):
        need("lintian")
        judged = subprocess.run(["lintian", "--allow-root", "--no-cfg", "--fail-on", "error,warning", "--tag-display-limit", "0",
                                 str(self.package)], capture_output=True, text=True, check=False)
        self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)

    def test_the_bill_of_materials_tells_what_is_linked_compiled_in_and_brought_along(self):
        bill = json.loads((self.root / "usr/share/doc/hilum/hilum.cdx.json").read_text())
        self.assertEqual((bill["bomFormat"], bill["specVersion"]), ("CycloneDX", "1.5"))
        components = {one["name"]: one for one in bill["components"]}
        for linked in ("libdcmtk17", "libsqlite3-0", "libc6"):
            version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", linked], capture_output=True, text=True,
                                     check=True).stdout
            self.assertEqual(components[linked]["version"], version)
        self.assertIn("libexpected-dev", components, "headers alone are in the programs too")
        weights = (self.root / "usr/share/hilum/models/demo/model.pt").read_bytes()
        models = [one for one in bill["components"] if one["type"] == "machine-learning-model"]
        self.assertIn(hashlib.sha256(weights).hexdigest(), [one["hashes"][0]["content"] for one in models])
        known = {one["bom-ref"] for one in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
        self.assertEqual(len(known), len(bill["components"]) + 1)
        reached, open_ends = set(), [bill["metadata"]["component"]["bom-ref"]]
        edges = {one["ref"]: one["dependsOn"] for one in bill["dependencies"]}
        while open_ends:
            if (ref := open_ends.pop()) not in reached:
                reached.add(ref)
                open_ends += edges[ref]
        self.assertEqual(reached, known, "every component is there for a reason")

    def page(self, name):
        section = name.rpartition(".")[2]
        return gzip.decompress((self.root / f"usr/share/man/man{section}/{name}.gz").read_bytes()).decode()

    def test_man_pages_tell_every_verb_and_every_key(self):
        verbs = self.page("hilum.1")
        for verb in ("HILUM STATUS", "HILUM JOBS LIST", "HILUM RESULTS WITHDRAW", "HILUM MODEL VERIFY"):
            self.assertIn(f'.SH "{verb}"', verbs)
        keys = self.page("hilum.yaml.5")
        for line in (SOURCE / "config" / "hilum.yaml").read_text().splitlines():
            if key := re.match(r"^ +(?:- )?([a-z_]+):", line):
                self.assertIn(key[1] + ":", keys)
        packages = self.page("model.yaml.5")
        for key in re.findall(r"^\| `([a-z_]+)`", (SOURCE / "docs" / "model-package.md").read_text(), re.MULTILINE):
            self.assertIn(f"\\fB{key}\\fR", packages)

    def completions(self, *words):
        script = self.root / "usr/share/bash-completion/completions/hilum"
        asked = f'source {script}; COMP_WORDS=(hilum "$@"); COMP_CWORD=$#; _hilum; printf "%s\\n" "${{COMPREPLY[@]}}"'
        done = subprocess.run(["bash", "-c", asked, "bash", *words], capture_output=True, text=True, check=True,
                              env={**os.environ, "PATH": f"{self.root}/usr/bin:{os.environ['PATH']}"})
        return done.stdout.split()

    def test_bash_completes_verbs_and_options(self):
        self.assertTrue({"status", "jobs", "model", "--config"} <= set(self.completions("")))
        self.assertEqual(self.completions("sta"), ["status"])
        self.assertTrue({"list", "show", "retry", "discard"} <= set(self.completions("jobs", "")))
        self.assertIn("--accession", self.completions("jobs", "list", "--"))
        self.assertNotIn("--accession", self.completions("jobs", "--"))

    def test_model_import_says_what_it_needs_or_helps(self):
        program = self.root / "usr/bin/hilum-import-model"
        text = program.read_text().replace("/usr/share/hilum", f"{self.root}/usr/share/hilum")
        copy = self.folder / "hilum-import-model"
        copy.write_text(text)
        done = subprocess.run(["sh", str(copy), "--help"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            self.assertIn("usage: hilum-import-model", done.stdout)
        else:
            self.assertIn("apt install", done.stderr)

    def test_the_documents_name_nothing_of_the_source_which_is_not_installed(self):
        documents = [*(self.root / "usr/share/doc/hilum/docs").rglob("*.md"), self.root / "etc/hilum/hilum.yaml",
                     self.root / "usr/share/hilum/models/demo/model.yaml"]
        for document in documents:
            named = re.findall(r"(?<![\w/])(?:src|tools|tests|cmake|systemd|config)/[\w./-]+", document.read_text())
            self.assertEqual(named, [], document.name)

    def test_systemd_finds_no_fault_in_the_unit(self):
        # Programs must exist for systemd-analyze: a copy of the unit names those in the extracted package.
        unit = self.folder / "hilum.service"
        text = (self.root / "usr/lib/systemd/system/hilum.service").read_text()
        self.assertIn("/usr/bin/hilumd", text)
        unit.write_text(text.replace("/usr/bin/hilum", f"{self.root}/usr/bin/hilum"))
        verified = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True,
                                  check=False)
        complaints = [line for line in verified.stderr.splitlines() if "hilum" in line]
        self.assertEqual((verified.returncode, complaints), (0, []), verified.stderr)

    def exposure_of(self, unit):
        judged = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)],
                                capture_output=True, text=True, check=False)
        exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout + judged.stderr)
        self.assertIsNotNone(exposure, judged.stdout + judged.stderr)
        return float(exposure[1])

    def unit_with(self, drop_in):
        folder = self.folder / drop_in
        folder.mkdir()
        unit = folder / "hilum.service"
        drop_ins = folder / "hilum.service.d"
        drop_ins.mkdir()
        shutil.copy(self.root / "usr/lib/systemd/system/hilum.service", unit)
        shutil.copy(self.root / "usr/share/doc/hilum/examples" / drop_in, drop_ins)
        return unit

    def test_the_unit_exposes_little(self):
        self.assertLessEqual(self.exposure_of(self.root / "usr/lib/systemd/system/hilum.service"), WORST_EXPOSURE)

    def test_the_hardened_unit_exposes_less(self):
        self.assertLessEqual(self.exposure_of(self.unit_with("hardened.conf")), HARDENED_EXPOSURE)

    def test_the_group_of_operators_is_made_and_sockets_have_a_folder(self):
        need("systemd-sysusers")
        machine = self.folder / "machine"
        (machine / "usr/lib/sysusers.d").mkdir(parents=True)
        (machine / "etc").mkdir()
        shutil.copy(self.root / "usr/lib/sysusers.d/hilum.conf", machine / "usr/lib/sysusers.d")
        subprocess.run(["systemd-sysusers", f"--root={machine}", "hilum.conf"], check=True, capture_output=True)
        groups = {line.split(":")[0]: line.split(":")[3] for line in (machine / "etc/group").read_text().splitlines()}
        self.assertEqual(groups.get("hilum-operators"), "", "nobody is in it")
        self.assertIn("hilum", groups)
        unit = (self.root / "usr/lib/systemd/system/hilum.service").read_text()
        configuration = (self.root / "etc/hilum/hilum.yaml").read_text()
        for socket in re.findall(r"(?:control_socket|socket): (/run/\S+)", configuration):
            folder, = re.findall(r"(?m)^RuntimeDirectory=(\S+)$", unit)
            self.assertEqual(pathlib.Path(socket).parent, pathlib.Path("/run") / folder)

    def test_oneDNN_may_compile_its_kernels(self):
        unit = (SOURCE / "systemd" / "hilum.service").read_text()
        self.assertNotRegex(unit, r"(?m)^MemoryDenyWriteExecute=(yes|true|1)")
