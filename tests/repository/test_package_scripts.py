"""The package's maintainer scripts: they never fail dpkg, and never stop a node that works. Run with a system that is made up."""

import os
import pathlib
import subprocess
import tempfile
import unittest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "cmake" / "package"


class PackageScriptsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hilum-scripts-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.calls = self.root / "calls"
        (self.root / "bin").mkdir()
        (self.root / "run/systemd/system").mkdir(parents=True)
        for program in ("systemd-sysusers", "systemd-tmpfiles", "systemctl", "deb-systemd-invoke", "runuser"):
            self.program(program, 0)
        self.unit_is("active")

    def program(self, name, status, says=""):
        """A program that notes how it is called."""
        file = self.root / "bin" / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >> "{self.calls}"\necho "{says}"\nexit {status}\n')
        file.chmod(0o755)

    def unit_is(self, active_state, enabled=True):
        file = self.root / "bin" / "systemctl"
        file.write_text(f"""#!/bin/sh
echo "systemctl $*" >> "{self.calls}"
case $1 in show) echo {active_state} ;; is-enabled) exit {0 if enabled else 1} ;; esac
""")

    def run_script(self, name, *arguments):
        done = subprocess.run(["/bin/sh", str(SCRIPTS / name), *arguments], capture_output=True, text=True, check=False,
                              env={"PATH": f"{self.root}/bin:/usr/bin:/bin", "DPKG_ROOT": str(self.root)})
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr, self.calls.read_text().splitlines() if self.calls.exists() else []

    def test_an_upgrade_asks_the_new_program_as_the_services_user_before_it_restarts_the_node(self):
        _, calls = self.run_script("postinst", "configure", "0.0.9")
        check = "runuser -u hilum -- /usr/bin/hilumd --config /etc/hilum/hilum.yaml --check"
        restart = "deb-systemd-invoke restart hilum.service"
        self.assertIn(check, calls)
        self.assertIn(restart, calls)
        self.assertLess(calls.index(check), calls.index(restart))

    def test_a_node_goes_on_where_the_new_version_cannot_work_with_its_configuration(self):
        self.program("runuser", 1)
        said, calls = self.run_script("postinst", "configure", "0.0.9")
        self.assertFalse([call for call in calls if "restart" in call or "stop" in call], calls)
        self.assertIn("goes on with the version that runs", said)

    def test_a_node_that_does_not_run_is_not_started(self):
        for state in ("inactive", "failed"):
            self.unit_is(state)
            said, calls = self.run_script("postinst", "configure", "0.0.9")
            self.assertFalse([call for call in calls if "restart" in call], calls)
            self.assertEqual(said, "")

    def test_a_node_that_still_starts_goes_on_with_the_new_program(self):
        self.unit_is("activating")
        _, calls = self.run_script("postinst", "configure", "0.0.9")
        self.assertIn("deb-systemd-invoke restart hilum.service", calls)

    def test_an_installation_after_a_removal_says_that_nothing_starts_it(self):
        self.unit_is("inactive", enabled=False)
        said, calls = self.run_script("postinst", "configure", "0.0.9")
        self.assertFalse([call for call in calls if "restart" in call], calls)
        self.assertIn("does not start with the machine", said)

    def test_a_restart_that_fails_does_not_fail_dpkg(self):
        self.program("deb-systemd-invoke", 1)
        said, _ = self.run_script("postinst", "configure", "0.0.9")
        self.assertIn("journalctl -u hilum", said)

    def test_a_first_installation_starts_nothing_and_says_what_to_do(self):
        said, calls = self.run_script("postinst", "configure", "")
        self.assertFalse([call for call in calls if "restart" in call or "runuser" in call], calls)
        self.assertIn("hilumd --check && systemctl enable --now hilum", said)

    def test_nothing_that_fails_around_it_fails_dpkg(self):
        for program in ("systemd-sysusers", "systemd-tmpfiles", "systemctl", "deb-systemd-invoke", "runuser"):
            self.program(program, 1)
        self.run_script("postinst", "configure", "")
        self.run_script("postinst", "configure", "0.0.9")
        self.run_script("prerm", "remove")
        self.run_script("postrm", "purge")

    def test_a_removal_stops_and_disables_the_service_and_an_upgrade_does_not(self):
        _, calls = self.run_script("prerm", "upgrade", "0.2.0")
        self.assertEqual(calls, [])
        _, calls = self.run_script("prerm", "remove")
        self.assertEqual(calls, ["systemctl disable --now hilum.service"])
