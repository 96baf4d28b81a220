#include "server/keys.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "base/atomic_file.h"
#include "base/check.h"

namespace coseno::server {
namespace {

constexpr std::string_view kHeader = "coseno keys 1";
constexpr std::string_view kSecretPrefix = "coseno_";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kIdBytes = 4;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxKeys = 10'000;
constexpr std::size_t kMaxFileBytes = 4 << 20;

constexpr std::pair<std::string_view, Scope> kScopeNames[] = {
    {"read", Scope::read}, {"events", Scope::write_events}, {"admin", Scope::admin}};

std::string path_of(const std::string& folder) { return folder + "/keys"; }

std::string hex(std::span<const unsigned char> bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::optional<std::array<unsigned char, 32>> parse_hash(std::string_view text) {
  std::array<unsigned char, 32> bytes;
  if (text.size() != 2 * bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char* const digits = text.data() + 2 * i;
    const auto [rest, trouble] = std::from_chars(digits, digits + 2, bytes[i], 16);
    if (trouble != std::errc() || rest != digits + 2) return std::nullopt;
  }
  return bytes;
}

// OpenSSL 3 looks an algorithm up under a lock at each use, unless it was fetched.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

std::array<unsigned char, 32> sha256(std::string_view text) {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  thread_local const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  std::array<unsigned char, 32> hash;
  COSENO_CHECK(EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1 &&
               EVP_DigestUpdate(context.get(), text.data(), text.size()) == 1 &&
               EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) == 1);
  return hash;
}

bool is_key_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes &&
         std::all_of(name.begin(), name.end(), [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                  (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' ||
                  letter == '-';
         });
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

std::optional<Key> parse_key(std::string_view line) {
  const std::vector<std::string_view> words = words_of(line);
  if (words.size() != 5) return std::nullopt;
  Key key;
  key.id = words[0];
  const Result<Scopes> scopes = Scopes::parse(words[1]);
  const auto hash = parse_hash(words[2]);
  const auto [rest, trouble] =
      std::from_chars(words[3].data(), words[3].data() + words[3].size(), key.created_s);
  key.name = words[4];
  if (!scopes || !hash || trouble != std::errc() || !is_key_name(key.name) ||
      !is_key_name(key.id)) {
    return std::nullopt;
  }
  key.scopes = *scopes;
  key.hash = *hash;
  return key;
}

Result<KeySet> parse_keys(const std::string& path, std::string_view text) {
  std::vector<Key> keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return make_error(ErrorCode::corrupt, "{}:{}: the line has no end", path, number);
    }
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (number == 1) {
      if (line == kHeader) continue;
      return make_error(ErrorCode::corrupt, "{}:1: must be '{}'", path, kHeader);
    }
    std::optional<Key> key = parse_key(line);
    if (!key) {
      return make_error(ErrorCode::corrupt, "{}:{}: must be 'ID SCOPES HASH CREATED NAME'", path,
                        number);
    }
    keys.push_back(*std::move(key));
  }
  return KeySet(std::move(keys));
}

// Who makes keys as root makes them for the server that runs under another name.
void give_to_owner_of(const std::string& folder) {
  struct stat status;
  if (geteuid() != 0 || stat(folder.c_str(), &status) != 0 || status.st_uid == 0) return;
  static_cast<void>(lchown(path_of(folder).c_str(), status.st_uid, status.st_gid));
}

Result<void> write_keys(const std::string& folder, std::span<const Key> keys) {
  COSENO_ASSIGN(file, AtomicFile::create(path_of(folder), 0600));
  COSENO_TRY(file.write(fmt::format("{}\n", kHeader)));
  for (const Key& key : keys) {
    COSENO_TRY(file.write(fmt::format("{} {} {} {} {}\n", key.id, key.scopes.text(), hex(key.hash),
                                      key.created_s, key.name)));
  }
  COSENO_TRY(file.commit());
  give_to_owner_of(folder);
  return {};
}

// Holds the folder while its keys are changed.
class FolderLock {
 public:
  static Result<FolderLock> take(const std::string& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0 || flock(descriptor, LOCK_EX) != 0) {
      const int error_number = errno;
      if (descriptor >= 0) ::close(descriptor);
      return make_error(ErrorCode::io, "{}: {}", folder,
                        std::generic_category().message(error_number));
    }
    return FolderLock(descriptor);
  }
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

Result<std::string> random_hex(std::size_t n_bytes) {
  std::vector<unsigned char> bytes(n_bytes);
  if (RAND_bytes(bytes.data(), static_cast<int>(n_bytes)) != 1) {
    return make_error(ErrorCode::internal, "OpenSSL has no random bytes");
  }
  return hex(bytes);
}

}  // namespace

Result<Scopes> Scopes::parse(std::string_view text) {
  Scopes scopes;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    begin = end + 1;
    const auto* const found = std::find_if(std::begin(kScopeNames), std::end(kScopeNames),
                                           [word](const auto& name) { return name.first == word; });
    if (found == std::end(kScopeNames)) {
      return invalid_argument("scope must be read, events or admin, not '{}'", word);
    }
    scopes.bits_ |= bit(found->second);
  }
  return scopes;
}

std::string Scopes::text() const {
  std::string text;
  for (const auto& [name, scope] : kScopeNames) {
    if ((bits_ & bit(scope)) == 0) continue;
    if (!text.empty()) text += ',';
    text += name;
  }
  return text;
}

const Key* KeySet::find(std::string_view secret) const {
  const std::array<unsigned char, 32> hash = sha256(secret);
  const Key* found = nullptr;
  for (const Key& key : keys_) {
    if (CRYPTO_memcmp(key.hash.data(), hash.data(), hash.size()) == 0) found = &key;
  }
  return found;
}

Result<KeySet> read_keys(const std::string& folder) {
  const std::string path = path_of(folder);
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return KeySet();
    return make_error(ErrorCode::io, "{}: {}", path, std::generic_category().message(errno));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text;
  text.resize(kMaxFileBytes + 1);
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.eof() && !file.good()) {
    return make_error(ErrorCode::io, "{}: cannot be read", path);
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) {
    return make_error(ErrorCode::corrupt, "{}: is larger than {} bytes", path, kMaxFileBytes);
  }
  if (text.empty()) return make_error(ErrorCode::corrupt, "{}: is empty", path);
  return parse_keys(path, text);
}

Result<NewKey> create_key(const std::string& folder, const std::string& name, Scopes scopes,
                          std::int64_t now_s) {
  if (!is_key_name(name)) {
    return invalid_argument("name must be 1 to {} letters, digits, '.', '_' or '-', not '{}'",
                            kMaxNameBytes, name);
  }
  const Result<FolderLock> lock = FolderLock::take(folder);
  if (!lock) return std::unexpected(lock.error());
  COSENO_ASSIGN(present, read_keys(folder));
  std::vector<Key> keys = present.keys();
  if (keys.size() >= kMaxKeys) {
    return make_error(ErrorCode::conflict, "{}: holds {} keys, the most there may be", folder,
                      kMaxKeys);
  }
  COSENO_ASSIGN(id, random_hex(kIdBytes));
  for (const Key& key : keys) {
    if (key.name == name || key.id == id || key.id == name || key.name == id) {
      return make_error(ErrorCode::conflict, "there is a key '{}' already", name);
    }
  }
  COSENO_ASSIGN(random, random_hex(kSecretBytes));
  NewKey made;
  made.secret = std::string(kSecretPrefix) + random;
  made.key.id = id;
  made.key.name = name;
  made.key.scopes = scopes;
  made.key.hash = sha256(made.secret);
  made.key.created_s = now_s;
  keys.push_back(made.key);
  COSENO_TRY(write_keys(folder, keys));
  return made;
}

Result<Key> revoke_key(const std::string& folder, std::string_view name_or_id) {
  const Result<FolderLock> lock = FolderLock::take(folder);
  if (!lock) return std::unexpected(lock.error());
  COSENO_ASSIGN(present, read_keys(folder));
  std::vector<Key> keys = present.keys();
  const auto found = std::find_if(keys.begin(), keys.end(), [name_or_id](const Key& key) {
    return key.name == name_or_id || key.id == name_or_id;
  });
  if (found == keys.end()) {
    return make_error(ErrorCode::not_found, "there is no key '{}'", name_or_id);
  }
  Key revoked = std::move(*found);
  keys.erase(found);
  COSENO_TRY(write_keys(folder, keys));
  return revoked;
}

Result<std::unique_ptr<KeyRing>> KeyRing::open(const std::string& folder) {
  std::unique_ptr<KeyRing> ring(new KeyRing(folder));  // NOLINT(cppcoreguidelines-owning-memory)
  ring->seen_ = ring->stamp();
  COSENO_ASSIGN(keys, read_keys(folder));
  ring->publish(keys);
  return ring;
}

std::shared_ptr<const KeySet> KeyRing::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

Result<bool> KeyRing::refresh() {
  const Stamp now = stamp();
  if (now == seen_) return false;
  seen_ = now;
  COSENO_ASSIGN(keys, read_keys(folder_));
  publish(keys);
  return true;
}

KeyRing::Stamp KeyRing::stamp() const {
  struct stat status;
  if (stat(path_of(folder_).c_str(), &status) != 0) return {};
  return {.inode = status.st_ino,
          .changed_ns = status.st_ctim.tv_sec * 1'000'000'000LL + status.st_ctim.tv_nsec,
          .size_bytes = status.st_size};
}

void KeyRing::publish(const KeySet& keys) {
  std::vector<Key> list = keys.keys();
  for (Key& key : list) key.bucket = &buckets_[key.id];
  if (!list.empty()) is_open_.store(false, std::memory_order_release);
  auto set = std::make_shared<const KeySet>(std::move(list));
  {
    const std::lock_guard lock(mutex_);
    current_ = std::move(set);
  }
  version_.fetch_add(1, std::memory_order_release);
}

}  // namespace coseno::server
