#include "server/keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace coseno::server {
namespace {

class KeysTest : public testing::Test {
 protected:
  KeysTest() {
    std::string name = testing::TempDir() + "coseno_keys_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~KeysTest() override { std::filesystem::remove_all(folder_); }

  std::string text() const {
    std::ostringstream text;
    text << std::ifstream(folder_ + "/keys").rdbuf();
    return text.str();
  }
  void write(const std::string& text) const { std::ofstream(folder_ + "/keys") << text; }

  std::string folder_;
};

Scopes scopes(std::string_view text) { return *Scopes::parse(text); }

TEST_F(KeysTest, FolderWithoutTheFileHasNone) {
  EXPECT_TRUE(read_keys(folder_)->keys().empty());
  EXPECT_TRUE((*KeyRing::open(folder_))->is_open());
}

TEST_F(KeysTest, KeyIsFoundByItsSecretAlone) {
  const NewKey one = *create_key(folder_, "one", scopes("read"), 1'767'225'600);
  const NewKey two = *create_key(folder_, "two", scopes("admin"), 0);
  EXPECT_EQ(one.secret.size(), 71U);
  EXPECT_NE(one.secret, two.secret);
  const KeySet keys = *read_keys(folder_);
  ASSERT_NE(keys.find(one.secret), nullptr);
  EXPECT_EQ(keys.find(one.secret)->name, "one");
  EXPECT_EQ(keys.find(one.secret)->created_s, 1'767'225'600);
  EXPECT_EQ(keys.find(two.secret)->name, "two");
  EXPECT_EQ(keys.find(one.secret.substr(0, 70)), nullptr);
  EXPECT_EQ(keys.find(""), nullptr);
  EXPECT_EQ(keys.find("one"), nullptr);
}

TEST_F(KeysTest, FileIsForItsOwnerAndHoldsNoSecret) {
  const NewKey made = *create_key(folder_, "one", scopes("read"), 0);
  struct stat status;
  ASSERT_EQ(stat((folder_ + "/keys").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(text().find(made.secret.substr(7)), std::string::npos);
}

TEST_F(KeysTest, ScopesAllowWhatTheyName) {
  EXPECT_TRUE(scopes("read").allow(Scope::read));
  EXPECT_TRUE(scopes("read").allow(Scope::none));
  EXPECT_FALSE(scopes("read").allow(Scope::write_events));
  EXPECT_FALSE(scopes("events").allow(Scope::read));
  EXPECT_TRUE(scopes("events,read").allow(Scope::read));
  EXPECT_FALSE(scopes("events,read").allow(Scope::admin));
  EXPECT_TRUE(scopes("admin").allow(Scope::read));
  EXPECT_TRUE(scopes("admin").allow(Scope::write_events));
  EXPECT_EQ(scopes("events,read").text(), "read,events");
  for (const char* const wrong : {"", "write", "read,", "read events"}) {
    EXPECT_EQ(Scopes::parse(wrong).error().code, ErrorCode::invalid_argument) << wrong;
  }
}

TEST_F(KeysTest, NamesAreWordsOfTheirOwn) {
  EXPECT_TRUE(create_key(folder_, "shop-1", scopes("read"), 0).has_value());
  EXPECT_EQ(create_key(folder_, "shop-1", scopes("read"), 0).error().code, ErrorCode::conflict);
  for (const std::string& wrong : {std::string(), std::string("a b"), std::string("a\nb"),
                                   std::string("\xc3\xa4"), std::string(65, 'x')}) {
    EXPECT_EQ(create_key(folder_, wrong, scopes("read"), 0).error().code,
              ErrorCode::invalid_argument);
  }
}

TEST_F(KeysTest, RevokedByNameOrId) {
  const NewKey one = *create_key(folder_, "one", scopes("read"), 0);
  const NewKey two = *create_key(folder_, "two", scopes("read"), 0);
  EXPECT_EQ(revoke_key(folder_, "one")->id, one.key.id);
  EXPECT_EQ(revoke_key(folder_, two.key.id)->name, "two");
  EXPECT_EQ(revoke_key(folder_, "one").error().code, ErrorCode::not_found);
  EXPECT_TRUE(read_keys(folder_)->keys().empty());
}

TEST_F(KeysTest, DamagedFileIsRefusedByItsLine) {
  create_key(folder_, "one", scopes("read"), 0).value();
  const std::string good = text();
  for (const std::string& wrong :
       {std::string(), std::string("x\n"), good.substr(0, good.size() - 1), good + "a\n",
        good + "a b c d e\n", "coseno keys 2\n" + good.substr(good.find('\n') + 1)}) {
    write(wrong);
    const auto keys = read_keys(folder_);
    ASSERT_FALSE(keys.has_value()) << wrong;
    EXPECT_EQ(keys.error().code, ErrorCode::corrupt);
  }
  write(good + "a b c d e\n");
  EXPECT_NE(read_keys(folder_).error().message.find("keys:3: "), std::string::npos);
}

TEST_F(KeysTest, RingFollowsTheFile) {
  const auto ring = *KeyRing::open(folder_);
  EXPECT_FALSE(*ring->refresh());
  const NewKey one = *create_key(folder_, "one", scopes("read"), 0);
  EXPECT_EQ(ring->current()->find(one.secret), nullptr);
  const std::uint64_t version = ring->version();
  EXPECT_TRUE(*ring->refresh());
  EXPECT_NE(ring->version(), version);
  EXPECT_NE(ring->current()->find(one.secret), nullptr);
  EXPECT_FALSE(ring->is_open());
  // A damaged file changes nothing; it is told once.
  write("rubbish\n");
  EXPECT_FALSE(ring->refresh().has_value());
  EXPECT_FALSE(*ring->refresh());
  EXPECT_NE(ring->current()->find(one.secret), nullptr);
  // A missing one revokes, and opens nothing.
  std::filesystem::remove(folder_ + "/keys");
  EXPECT_TRUE(*ring->refresh());
  EXPECT_EQ(ring->current()->find(one.secret), nullptr);
  EXPECT_FALSE(ring->is_open());
}

TEST(RateBucketTest, TakesTheBurstAndThenOneAnInterval) {
  RateBucket bucket;
  EXPECT_EQ(bucket.take(1000, 100, 3), 0);
  EXPECT_EQ(bucket.take(1000, 100, 3), 0);
  EXPECT_EQ(bucket.take(1000, 100, 3), 0);
  EXPECT_EQ(bucket.take(1000, 100, 3), 100);
  EXPECT_EQ(bucket.take(1060, 100, 3), 40);
  EXPECT_EQ(bucket.take(1100, 100, 3), 0);
  EXPECT_EQ(bucket.take(1100, 100, 3), 100);
  // After a pause the whole burst is there again, and no more.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.take(9000, 100, 3), 0);
  EXPECT_EQ(bucket.take(9000, 100, 3), 100);
}

}  // namespace
}  // namespace coseno::server
