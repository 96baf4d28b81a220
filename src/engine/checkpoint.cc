#include "engine/checkpoint.h"

#include <zlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <type_traits>
#include <utility>

#include "base/atomic_file.h"

namespace coseno {
namespace {

constexpr std::string_view kMagic = "COSENOST";
constexpr std::uint32_t kVersion = 3;
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kBlockBytes = 1 << 20;

std::uint32_t crc_of(std::uint32_t crc, std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()),
                                            bytes.size()));  // NOLINT(*-reinterpret-cast)
}

// Collects values, and hands blocks of them on.
template <class Take>
class StateEncoder {
 public:
  explicit StateEncoder(Take take) : take_(std::move(take)) {}

  template <class T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(T));
    std::memcpy(bytes_.data() + at, &value, sizeof(T));
    if (bytes_.size() >= kBlockBytes) flush();
  }
  template <class T>
  void put_all(std::span<const T> values) {
    for (const T& value : values) put(value);
  }
  void put_text(std::string_view text) {
    put<std::uint64_t>(text.size());
    bytes_ += text;
  }
  void flush() {
    take_(std::string_view(bytes_));
    bytes_.clear();
  }

 private:
  Take take_;
  std::string bytes_;
};

// Everything after the header; the same bytes each time.
template <class Take>
void encode(const EngineOptions& options, const LogTotals& totals, const LiveState& state,
            std::size_t n_users, Take take) {
  StateEncoder out(std::move(take));
  out.template put<std::uint64_t>(options.history_length);
  out.template put<std::uint64_t>(options.covisitation_width);
  out.put(options.trending_half_life_days);
  out.put_text(totals.store_id);
  out.put(totals.position);
  out.put(totals.n_events);
  out.template put<std::uint64_t>(totals.retracted.size());
  out.put_all(std::span(totals.retracted));
  out.put_text(totals.event_types);
  out.template put<std::uint64_t>(totals.meanings.size());
  for (const EventType& type : totals.meanings) {
    out.put(type.weight);
    out.put(type.half_life_days);
    out.put(type.hides_days);
    out.put(type.is_rating);
    out.put(type.hides);
  }
  const std::size_t n_items = state.n_items();
  out.template put<std::uint64_t>(n_items);
  const std::optional<std::int64_t> landmark_ms = state.trending().landmark_ms();
  out.put(landmark_ms.has_value());
  out.put(landmark_ms.value_or(0));
  for (std::size_t i = 0; i < n_items; ++i) {
    const auto item = static_cast<ItemIndex>(i);
    const std::vector<Covisitation::Neighbour> row = state.covisitation().row(item);
    out.put(state.covisitation().n_acts(item));
    out.put(state.trending().count(item));
    out.put(static_cast<std::uint32_t>(row.size()));
    out.put_all(std::span(row));
    const std::vector<UserIndex> sessions = state.sessions().row(item);
    out.put(static_cast<std::uint32_t>(sessions.size()));
    out.put_all(std::span(sessions));
  }
  out.template put<std::uint64_t>(n_users);
  std::vector<KeptEvent> history;
  for (std::size_t u = 0; u < n_users; ++u) {
    state.users().history(static_cast<UserIndex>(u), history);
    out.put(static_cast<std::uint32_t>(history.size()));
    out.put_all(std::span(std::as_const(history)));
  }
  out.flush();
}

// Reads values; after the end, zeros, and is_good() is false.
class StateDecoder {
 public:
  explicit StateDecoder(std::string_view bytes) : bytes_(bytes) {}

  bool is_good() const { return is_good_; }
  bool is_at_end() const { return bytes_.empty(); }

  template <class T>
  T get() {
    T value{};
    if (bytes_.size() < sizeof(T)) {
      is_good_ = false;
      return value;
    }
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_.remove_prefix(sizeof(T));
    return value;
  }
  // Nothing where there are not so many.
  template <class T>
  std::vector<T> get_all(std::uint64_t n) {
    std::vector<T> values;
    if (n > bytes_.size() / sizeof(T)) {
      is_good_ = false;
      return values;
    }
    values.resize(n);
    if (n > 0) std::memcpy(values.data(), bytes_.data(), n * sizeof(T));
    bytes_.remove_prefix(n * sizeof(T));
    return values;
  }
  std::string get_text() {
    const std::vector<char> text = get_all<char>(get<std::uint64_t>());
    return {text.begin(), text.end()};
  }

 private:
  std::string_view bytes_;
  bool is_good_ = true;
};

std::optional<std::string> read_file(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size < kHeaderBytes) return std::nullopt;
  std::ifstream stream(path, std::ios::binary);
  std::string bytes(size, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(size));
  if (stream.gcount() != static_cast<std::streamsize>(size)) return std::nullopt;
  return bytes;
}

bool has_header(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic) return false;
  StateDecoder in(bytes.substr(kMagic.size(), 8));
  return in.get<std::uint32_t>() == kVersion &&
         in.get<std::uint32_t>() == crc_of(0, bytes.substr(kHeaderBytes));
}

void load_items(StateDecoder& in, LiveState& state) {
  const std::size_t n_items = in.get<std::uint64_t>();
  const bool has_landmark = in.get<bool>();
  const std::int64_t landmark_ms = in.get<std::int64_t>();
  state.grow(n_items);
  std::vector<double> trending(n_items);
  for (std::size_t i = 0; i < n_items && in.is_good(); ++i) {
    const auto item = static_cast<ItemIndex>(i);
    state.covisitation().add_act(item, in.get<float>());
    trending[i] = in.get<double>();
    state.covisitation().set_row(item,
                                 in.get_all<Covisitation::Neighbour>(in.get<std::uint32_t>()));
    state.sessions().set_row(item, in.get_all<UserIndex>(in.get<std::uint32_t>()));
  }
  state.trending().restore(has_landmark ? std::optional(landmark_ms) : std::nullopt, trending);
}

void load_users(StateDecoder& in, LiveState& state) {
  const std::size_t n_users = in.get<std::uint64_t>();
  for (std::size_t u = 0; u < n_users && in.is_good(); ++u) {
    const std::vector<KeptEvent> history = in.get_all<KeptEvent>(in.get<std::uint32_t>());
    if (!history.empty()) state.users().restore(static_cast<UserIndex>(u), history);
  }
}

}  // namespace

Result<void> save_checkpoint(const std::string& path, const EngineOptions& options,
                             const LogTotals& totals, const LiveState& state, std::size_t n_users) {
  // Twice over the state, since the checksum stands first: memory for the bytes would double it.
  std::uint32_t crc = 0;
  encode(options, totals, state, n_users,
         [&](std::string_view bytes) { crc = crc_of(crc, bytes); });
  COSENO_ASSIGN(file, AtomicFile::create(path));
  std::string header(kMagic);
  for (const std::uint32_t number : {kVersion, crc}) {
    header.append(reinterpret_cast<const char*>(&number), 4);  // NOLINT(*-reinterpret-cast)
  }
  COSENO_TRY(file.write(header));
  Result<void> written;
  encode(options, totals, state, n_users, [&](std::string_view bytes) {
    if (written) written = file.write(bytes);
  });
  COSENO_TRY(written);
  return file.commit();
}

std::optional<LogTotals> load_checkpoint(const std::string& path, const EngineOptions& options,
                                         LiveState& state) {
  const std::optional<std::string> bytes = read_file(path);
  if (!bytes || !has_header(*bytes)) return std::nullopt;
  StateDecoder in(std::string_view(*bytes).substr(kHeaderBytes));
  const bool fits = in.get<std::uint64_t>() == options.history_length &&
                    in.get<std::uint64_t>() == options.covisitation_width &&
                    in.get<double>() == options.trending_half_life_days;
  if (!fits) return std::nullopt;
  LogTotals totals;
  totals.store_id = in.get_text();
  totals.position = in.get<std::uint64_t>();
  totals.n_events = in.get<std::uint64_t>();
  totals.retracted = in.get_all<std::uint64_t>(in.get<std::uint64_t>());
  totals.event_types = in.get_text();
  const std::uint64_t n_types = in.get<std::uint64_t>();
  for (std::uint64_t t = 0; t < n_types && in.is_good(); ++t) {
    EventType& type = totals.meanings.emplace_back();
    type.weight = in.get<double>();
    type.half_life_days = in.get<double>();
    type.hides_days = in.get<double>();
    type.is_rating = in.get<bool>();
    type.hides = in.get<bool>();
  }
  load_items(in, state);
  load_users(in, state);
  if (!in.is_good() || !in.is_at_end()) return std::nullopt;
  return totals;
}

}  // namespace coseno
