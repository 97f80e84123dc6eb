#include "pipeline/unit/unit_sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_folder.h"

namespace hilum {
namespace {

using testing::HasSubstr;

// Of a unit with these lines in its section [Service].
UnitSandbox sandbox(const std::string& lines) {
    const test::TemporaryFolder root;
    const auto folder = root.path() / "etc/systemd/system";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "hilum.service") << "[Service]\n" << lines;
    return UnitSandbox(read_service_unit(root.path(), "hilum.service").value());
}

TEST(ServiceUnit, HasTheSettingsOfItsSectionInOrder) {
    const test::TemporaryFolder root;
    const auto write = [&](const std::string& file, const std::string& text) {
        std::filesystem::create_directories((root.path() / file).parent_path());
        std::ofstream(root.path() / file) << text;
    };
    write("lib/systemd/system/hilum.service",
          "[Unit]\nA=1\n[Service]\n B = one \\\n# not this\n  two\n;C=1\nD=\n[Install]\nE=1\n");
    write("usr/lib/systemd/system/hilum.service.d/b.conf", "[Service]\nF=usr\n");
    write("etc/systemd/system/hilum.service.d/b.conf", "[Service]\nF=etc\n");
    write("run/systemd/system/hilum.service.d/a.conf", "F=no section\n[Service]\nB=a\n");
    write("etc/systemd/system/hilum.service.d/c.txt", "[Service]\nG=1\n");
    const auto unit = read_service_unit(root.path(), "hilum.service");
    ASSERT_TRUE(unit);
    std::vector<std::string> all;
    for (const auto& [name, value, file] : unit->settings) all.push_back(name + "=" + value);
    EXPECT_THAT(all, testing::ElementsAre("B=one  two", "D=", "B=a", "F=etc"));
}

TEST(UnitSandbox, LeavesAllWhereNothingProtects) {
    const auto free =
        sandbox("ExecStart=/usr/bin/hilumd\nProtectSystem=no\nProtectHome=false\nPrivateTmp=no\n");
    for (const auto* place : {"/srv/hilum", "/usr/lib", "/home/model", "/tmp/x"}) {
        EXPECT_EQ(free.hides(place), "") << place;
        EXPECT_EQ(free.keeps_read_only(place), "") << place;
    }
}

TEST(UnitSandbox, KeepsAllReadOnlyButWhatIsNamed) {
    const auto strict = sandbox(
        "ProtectSystem=strict\nStateDirectory=hilum "
        "other:alias\nRuntimeDirectory=hilum\nReadWritePaths=-/srv/a "
        "\"+/srv/b c\" -+/srv/d/\nBindPaths=/disk:/srv/e:rbind\nReadWriteDirectories=%S/f %t/%p\n");
    for (const auto* place :
         {"/var/lib/hilum", "/var/lib/hilum/spool", "/var/lib/other", "/run/hilum", "/srv/a/x/y", "/srv/b c",
          "/srv/d", "/srv/d/", "/srv/e/x", "/var/lib/f", "/srv/a/../a"})
        EXPECT_EQ(strict.keeps_read_only(place), "") << place;
    for (const auto* place :
         {"/srv/hilum", "/var/lib", "/var/lib/hilum2", "/srv/ab", "/srv", "/disk", "/etc/hilum"})
        EXPECT_THAT(strict.keeps_read_only(place), HasSubstr("ProtectSystem=strict in ")) << place;
    const auto full = sandbox("ProtectSystem=full\n");
    EXPECT_EQ(full.keeps_read_only("/srv/hilum"), "");
    EXPECT_THAT(full.keeps_read_only("/etc/hilum"), HasSubstr("ProtectSystem=full"));
    EXPECT_EQ(sandbox("ProtectSystem=yes\n").keeps_read_only("/etc/hilum"), "");
}

TEST(UnitSandbox, TakesWhatIsSaidLast) {
    EXPECT_EQ(sandbox("ProtectSystem=strict\nProtectSystem=no\n").keeps_read_only("/srv"), "");
    EXPECT_THAT(sandbox("ProtectSystem=strict\nProtectSystem=nonsense\n").keeps_read_only("/srv"),
                HasSubstr("strict"));
    EXPECT_THAT(
        sandbox("ProtectSystem=strict\nReadWritePaths=/srv\nReadWritePaths=\n").keeps_read_only("/srv"),
        HasSubstr("strict"));
    EXPECT_EQ(sandbox("ProtectSystem=strict\nReadWritePaths=/a\nReadWritePaths=/srv\n").keeps_read_only("/a"),
              "");
    EXPECT_THAT(sandbox("ProtectSystem=strict\nStateDirectory=hilum\nStateDirectory=\n")
                    .keeps_read_only("/var/lib/hilum"),
                HasSubstr("strict"));
    // The longer path, and of two for one the stricter.
    const auto nested =
        sandbox("ReadWritePaths=/srv\nReadOnlyPaths=/srv/a /srv/b\nReadWritePaths=/srv/a/c /srv/b\n");
    EXPECT_EQ(nested.keeps_read_only("/srv/x"), "");
    EXPECT_THAT(nested.keeps_read_only("/srv/a/x"), HasSubstr("ReadOnlyPaths"));
    EXPECT_EQ(nested.keeps_read_only("/srv/a/c/x"), "");
    EXPECT_THAT(nested.keeps_read_only("/srv/b"), HasSubstr("ReadOnlyPaths"));
}

TEST(UnitSandbox, HidesHomesAndWhatElseIsClosed) {
    const auto closed =
        sandbox("ProtectHome=yes\nReadWritePaths=/home/model\nInaccessiblePaths=-/mnt\nPrivateTmp=yes\n");
    for (const auto* place :
         {"/home/model", "/root/x", "/run/user/1000", "/mnt/disk", "/tmp/x", "/var/tmp/x"})
        EXPECT_NE(closed.hides(place), "") << place;
    EXPECT_THAT(closed.hides("/home/model"), HasSubstr("ProtectHome=yes in "));
    EXPECT_EQ(closed.hides("/srv/model"), "");
    const auto emptied =
        sandbox("ProtectHome=tmpfs\nBindReadOnlyPaths=/home/model\nTemporaryFileSystem=/mnt:ro\n");
    EXPECT_EQ(emptied.hides("/home/model/demo"), "");
    EXPECT_THAT(emptied.keeps_read_only("/home/model"), HasSubstr("BindReadOnlyPaths"));
    EXPECT_THAT(emptied.hides("/home/other"), HasSubstr("ProtectHome=tmpfs"));
    EXPECT_THAT(emptied.hides("/mnt/x"), HasSubstr("TemporaryFileSystem"));
    const auto read_only = sandbox("ProtectHome=read-only\n");
    EXPECT_EQ(read_only.hides("/home/model"), "");
    EXPECT_THAT(read_only.keeps_read_only("/home/model"), HasSubstr("ProtectHome=read-only"));
}

TEST(UnitSandbox, SaysNothingOfWhatItCannotTell) {
    EXPECT_EQ(sandbox("ProtectSystem=strict\nReadWritePaths=%h/data\n").keeps_read_only("/srv"), "");
    EXPECT_EQ(sandbox("ProtectSystem=strict\nRootDirectory=/image\n").keeps_read_only("/srv"), "");
    EXPECT_EQ(sandbox("ProtectHome=yes\nRootImage=/image.raw\n").hides("/home/x"), "");
}

TEST(UnitSandbox, FollowsLinks) {
    const test::TemporaryFolder disk;
    std::filesystem::create_directories(disk.path() / "real/data");
    std::filesystem::create_directory_symlink(disk.path() / "real", disk.path() / "link");
    const auto linked = (disk.path() / "link").string(), real = (disk.path() / "real").string();
    EXPECT_EQ(
        sandbox("ProtectSystem=strict\nReadWritePaths=" + real + "\n").keeps_read_only(linked + "/data"), "");
    EXPECT_EQ(
        sandbox("ProtectSystem=strict\nReadWritePaths=" + linked + "\n").keeps_read_only(real + "/data"), "");
}

TEST(UnitSandbox, OfTheUnitThatIsShippedLeavesItsOwnFolders) {
    const auto file = std::filesystem::path(HILUM_SOURCE_DIR) / "systemd/hilum.service";
    const test::TemporaryFolder root;
    std::filesystem::create_directories(root.path() / "usr/lib/systemd/system");
    std::filesystem::copy_file(file, root.path() / "usr/lib/systemd/system/hilum.service");
    const UnitSandbox shipped(read_service_unit(root.path(), "hilum.service").value());
    for (const auto* own : {"/var/lib/hilum", "/run/hilum"}) {
        EXPECT_EQ(shipped.hides(own), "");
        EXPECT_EQ(shipped.keeps_read_only(own), "");
    }
    EXPECT_EQ(shipped.hides("/etc/hilum/audit.key"), "");
    EXPECT_NE(shipped.keeps_read_only("/srv/hilum"), "");
    EXPECT_NE(shipped.hides("/home/model"), "");
    EXPECT_NE(shipped.hides("/tmp/hilum"), "");
}

}  // namespace
}  // namespace hilum
