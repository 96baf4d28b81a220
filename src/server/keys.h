// Who may ask what: API keys, of which a data folder keeps the hashes.
//
// The file DATA_DIR/keys is text, for its owner alone (mode 0600), and always replaced whole:
//
//   coseno keys 1
//   ID SCOPES SHA-256 CREATED NAME
//   3f9c2a10 read,events 6c1f...(64 digits) 1767225600 shop
//
// Where root makes a key in somebody's folder, the file is that one's.
//
// A key is 256 random bits, so a plain hash of it tells nothing of it: slow hashes are for
// passwords.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "server/message.h"
#include "server/rate_bucket.h"

namespace coseno::server {

// A set of scopes. admin holds the others.
class Scopes {
 public:
  // "read", "events", "admin", or several with commas. Errors: invalid_argument.
  static Result<Scopes> parse(std::string_view text);

  bool allow(Scope scope) const {
    return scope == Scope::none || ((bits_ | (bits_ & kAdmin ? kAll : 0)) & bit(scope)) != 0;
  }
  std::string text() const;

 private:
  static constexpr unsigned bit(Scope scope) { return 1U << static_cast<unsigned>(scope); }
  static constexpr unsigned kAdmin = 1U << static_cast<unsigned>(Scope::admin);
  static constexpr unsigned kAll = ~0U;

  unsigned bits_ = 0;
};

struct Key {
  std::string id;    // 8 hexadecimal digits, to name it by
  std::string name;  // 1 to 64 letters, digits, '.', '_' or '-'; no two alike
  Scopes scopes;
  std::array<unsigned char, 32> hash = {};  // SHA-256 of the secret
  std::int64_t created_s = 0;               // Unix time
  RateBucket* bucket = nullptr;             // of a running server
};

// The keys at one moment; never changes.
class KeySet {
 public:
  KeySet() = default;
  explicit KeySet(std::vector<Key> keys) : keys_(std::move(keys)) {}

  const std::vector<Key>& keys() const { return keys_; }
  // The key with that secret, or nullptr. Looks at every key and every byte, so that the time it
  // takes tells nothing. Cost: half a microsecond, and a few nanoseconds a key.
  const Key* find(std::string_view secret) const;

 private:
  std::vector<Key> keys_;
};

// The file. A missing one holds no keys. Errors: corrupt with line, io.
Result<KeySet> read_keys(const std::string& folder);

struct NewKey {
  Key key;
  std::string secret;  // "coseno_" and 64 hexadecimal digits; kept nowhere
};

// Both take their turn where several processes change the same folder.
// Errors: invalid_argument (name), conflict (one of that name is there), io, corrupt.
Result<NewKey> create_key(const std::string& folder, const std::string& name, Scopes scopes,
                          std::int64_t now_s);
// By name or id. Errors: not_found.
Result<Key> revoke_key(const std::string& folder, std::string_view name_or_id);

// The keys of a running server, which follow the file. Thread-safe.
class KeyRing {
 public:
  // Errors: as read_keys().
  static Result<std::unique_ptr<KeyRing>> open(const std::string& folder);

  // Changes when current() does.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const KeySet> current() const;
  // No key has been in the file since this object was made: who cannot be told apart need not be.
  // Revoking the last key does not open the server.
  bool is_open() const { return is_open_.load(std::memory_order_acquire); }

  // Reads the file anew where it has changed. One thread at a time. False: it has not. After an
  // error the keys stay as they were, and it is told once for a change.
  Result<bool> refresh();

 private:
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t changed_ns = 0;  // its contents, or who may read it
    std::int64_t size_bytes = -1;
    bool operator==(const Stamp&) const = default;
  };

  explicit KeyRing(std::string folder) : folder_(std::move(folder)) {}
  Stamp stamp() const;
  void publish(const KeySet& keys);

  const std::string folder_;
  Stamp seen_;
  // Of every key that was ever there, so that a change of the file empties none.
  std::map<std::string, RateBucket, std::less<>> buckets_;
  mutable std::mutex mutex_;
  std::shared_ptr<const KeySet> current_ = std::make_shared<KeySet>();  // guarded by mutex_
  std::atomic<std::uint64_t> version_ = 0;
  std::atomic<bool> is_open_ = true;
};

}  // namespace coseno::server
