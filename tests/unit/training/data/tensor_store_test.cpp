#include "training/data/tensor_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "base/digest.h"
#include "support/temporary_folder.h"

namespace hilum::training {
namespace {

namespace fs = std::filesystem;

model::InputSpecification input_of(int rows, int columns) {
    model::InputSpecification input;
    input.rows = rows;
    input.columns = columns;
    return input;
}

std::vector<float> tensor_of(float first) {
    std::vector<float> tensor(12);
    for (std::size_t i = 0; i < tensor.size(); ++i) tensor[i] = first + static_cast<float>(i) / 7;
    return tensor;
}

class TensorStoreTest : public testing::Test {
  protected:
    TensorStore opened() { return std::move(*TensorStore::open(folder_.path(), input_of(3, 4))); }
    void fill(int count) {
        auto store = opened();
        InputGeometry geometry{{true, false, true}, 100, 80, 4, 3, -1, 2, 4, 3};
        for (int i = 0; i < count; ++i)
            ASSERT_TRUE(store.add(key(i), geometry, tensor_of(static_cast<float>(i))));
        ASSERT_TRUE(store.finish());
    }
    static std::string key(int i) { return sha256_hex(std::to_string(i)); }
    fs::path file() const { return fs::directory_iterator(folder_.path())->path(); }

    test::TemporaryFolder folder_;
};

TEST_F(TensorStoreTest, KeepsTensorsAndGeometryExactly) {
    fill(3);
    auto store = opened();
    ASSERT_TRUE(store.finish());
    EXPECT_EQ(store.damaged(), 0u);
    for (int i = 0; i < 3; ++i) {
        const auto place = store.find(key(i));
        ASSERT_TRUE(place);
        const auto expected = tensor_of(static_cast<float>(i));
        EXPECT_TRUE(std::ranges::equal(store.tensor(*place), expected));
        const auto geometry = store.geometry(*place);
        EXPECT_EQ(geometry.turn, (Turn{true, false, true}));
        EXPECT_EQ(geometry.source_columns, 100);
        EXPECT_EQ(geometry.source_rows, 80);
        EXPECT_EQ(geometry.left, -1);
        EXPECT_EQ(geometry.top, 2);
        EXPECT_EQ(geometry.input_rows, 3);
    }
    EXPECT_FALSE(store.find(key(3)));
}

TEST_F(TensorStoreTest, ForgetsWhatWasCutOffAndTakesItAgain) {
    fill(3);
    fs::resize_file(file(), fs::file_size(file()) - 5);
    {
        auto store = opened();
        EXPECT_EQ(store.damaged(), 1u);
        EXPECT_TRUE(store.find(key(1)));
        EXPECT_FALSE(store.find(key(2)));
        ASSERT_TRUE(store.add(key(2), {}, tensor_of(2)));
        ASSERT_TRUE(store.finish());
    }
    auto store = opened();
    EXPECT_EQ(store.damaged(), 0u);
    ASSERT_TRUE(store.finish());
    EXPECT_TRUE(std::ranges::equal(store.tensor(*store.find(key(2))), tensor_of(2)));
}

TEST_F(TensorStoreTest, ForgetsWhatWasChangedAndKeepsTheOthers) {
    fill(3);
    const auto record = fs::file_size(file()) / 3;
    std::fstream(file(), std::ios::in | std::ios::out | std::ios::binary)
            .seekp(static_cast<long>(record + 200))
        << 'x';
    auto store = opened();
    EXPECT_EQ(store.damaged(), 1u);
    EXPECT_TRUE(store.find(key(0)));
    EXPECT_FALSE(store.find(key(1)));
    EXPECT_TRUE(store.find(key(2)));
}

TEST_F(TensorStoreTest, HasAFileForEachInput) {
    fill(1);
    auto other = input_of(3, 4);
    other.mean = {0.5};
    const auto store = TensorStore::open(folder_.path(), other);
    ASSERT_TRUE(store);
    EXPECT_FALSE(store->find(key(0)));
}

// Tensors of one site's rules are not those of another's.
TEST_F(TensorStoreTest, HasAFileForEachSitesRules) {
    fill(1);
    const auto others = TensorStore::open(folder_.path(), input_of(3, 4), "\npolarity\nEXAMPLE*\n*\nshape");
    ASSERT_TRUE(others);
    EXPECT_FALSE(others->find(key(0)));
    const auto none = TensorStore::open(folder_.path(), input_of(3, 4), "");
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->find(key(0)));
}

TEST_F(TensorStoreTest, RefusesATensorOfAnotherSize) {
    auto store = opened();
    EXPECT_EQ(store.add(key(0), {}, std::vector<float>(11)).error().code, "protocol");
}

TEST_F(TensorStoreTest, SaysWhereItCannotWrite) {
    const auto store = TensorStore::open(folder_.path() / "missing", input_of(3, 4));
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, "unwritable");
}

TEST_F(TensorStoreTest, AKeyChangesWithTheFile) {
    const auto image = folder_ / "a.png";
    std::ofstream(image) << "one";
    const auto first = tensor_key("pixels", image);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->size(), 64u);
    EXPECT_NE(*first, *tensor_key("others", image));
    std::ofstream(image) << "three";
    EXPECT_NE(*first, *tensor_key("pixels", image));
    EXPECT_EQ(tensor_key("pixels", folder_ / "b.png").error().code, "unreadable");
}

}  // namespace
}  // namespace hilum::training
