#include "models/tensor_file.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <boost/json.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "base/atomic_file.h"
#include "base/check.h"

namespace coseno {
namespace {

namespace json = boost::json;

static_assert(std::endian::native == std::endian::little,
              "arrays are read and written as they lie");

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMaxHeaderBytes = 100'000'000;  // the limit of the safetensors package
constexpr std::string_view kMetadata = "__metadata__";
constexpr std::string_view kChecksumKey = "coseno.crc32";
constexpr std::string_view kNoChecksum = "00000000";

struct ElementType {
  std::string_view dtype;
  std::size_t size_bytes;
};
constexpr ElementType kElementTypes[] = {{"F32", 4}, {"U32", 4}, {"I64", 8}};

// One array as the header tells it.
struct Entry {
  std::string name;
  std::string dtype;
  std::vector<std::size_t> shape;
  std::size_t begin;  // bytes into the data
  std::size_t end;
};

using Metadata = std::map<std::string, std::string, std::less<>>;

template <class... Args>
std::unexpected<Error> corrupt(fmt::format_string<Args...> format, Args&&... args) {
  return make_error(ErrorCode::corrupt, format, std::forward<Args>(args)...);
}

std::string json_string(std::string_view text) { return json::serialize(json::string(text)); }

// The one form of a header; `metadata` holds a checksum.
std::string header_text(const Metadata& metadata, std::span<const Entry> entries) {
  std::string text = fmt::format("{{{}:{{", json_string(kMetadata));
  for (const auto& [key, value] : metadata) {
    if (text.back() != '{') text += ',';
    text += json_string(key) + ':' + json_string(value);
  }
  text += '}';
  for (const Entry& entry : entries) {
    text += fmt::format(R"(,{}:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                        json_string(entry.name), entry.dtype, fmt::join(entry.shape, ","),
                        entry.begin, entry.end);
  }
  text += '}';
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

std::string length_bytes(std::uint64_t header_bytes) {
  std::string bytes(kLengthBytes, '\0');
  std::memcpy(bytes.data(), &header_bytes, kLengthBytes);
  return bytes;
}

// What the file's first bytes say of its header; 0 where it cannot be a header's length.
std::size_t header_length(std::span<const std::byte> file) {
  std::uint64_t length = 0;
  if (file.size() < kLengthBytes) return 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  return length > kMaxHeaderBytes ? 0 : length;
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Where the checksum's eight digits stand in a file. Inside a JSON string the quotes of the key
// would be escaped, so nothing else in a header looks like it.
std::optional<std::size_t> checksum_place(std::span<const std::byte> file) {
  const std::size_t header_end = std::min(kLengthBytes + header_length(file), file.size());
  const std::string key = json_string(kChecksumKey) + ":\"";
  const std::size_t found = as_text(file.first(header_end)).find(key);
  if (found == std::string_view::npos) return std::nullopt;
  const std::size_t place = found + key.size();
  if (place + kNoChecksum.size() > header_end) return std::nullopt;
  return place;
}

uLong add_to_sum(uLong sum, std::span<const std::byte> bytes) {
  if (bytes.empty()) return sum;  // a null pointer would start the sum again
  return crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

std::string digits(uLong sum) { return fmt::format("{:08x}", sum); }

// The checksum of a file whose own stands at `place`.
std::string checksum(std::span<const std::byte> file, std::size_t place) {
  uLong sum = add_to_sum(0, file.first(place));
  sum = add_to_sum(sum, as_bytes(kNoChecksum));
  return digits(add_to_sum(sum, file.subspan(place + kNoChecksum.size())));
}

Result<std::size_t> to_size(const json::value& value, std::string_view path,
                            std::string_view name) {
  json::error_code error;
  const auto number = value.to_number<std::uint64_t>(error);
  if (error) return corrupt("{}: tensor '{}' has a size that is no whole number", path, name);
  return static_cast<std::size_t>(number);
}

Result<std::vector<std::size_t>> to_sizes(const json::object& fields, std::string_view key,
                                          std::string_view path, std::string_view name) {
  const json::value* const field = fields.if_contains(key);
  if (field == nullptr || !field->is_array()) {
    return corrupt("{}: tensor '{}' has no list '{}'", path, name, key);
  }
  std::vector<std::size_t> sizes;
  for (const json::value& value : field->get_array()) {
    COSENO_ASSIGN(size, to_size(value, path, name));
    sizes.push_back(size);
  }
  return sizes;
}

Result<Entry> to_entry(std::string_view name, const json::value& value, std::string_view path) {
  if (!value.is_object()) return corrupt("{}: tensor '{}' is not described", path, name);
  const json::object& fields = value.get_object();
  const json::value* const dtype = fields.if_contains("dtype");
  if (dtype == nullptr || !dtype->is_string()) {
    return corrupt("{}: tensor '{}' has no dtype", path, name);
  }
  COSENO_ASSIGN(shape, to_sizes(fields, "shape", path, name));
  COSENO_ASSIGN(offsets, to_sizes(fields, "data_offsets", path, name));
  if (offsets.size() != 2) return corrupt("{}: tensor '{}' needs two offsets", path, name);
  return Entry{.name = std::string(name),
               .dtype = std::string(dtype->get_string()),
               .shape = std::move(shape),
               .begin = offsets[0],
               .end = offsets[1]};
}

// A file of another program need not have any.
Result<Metadata> to_metadata(const json::object& header, bool is_foreign, std::string_view path) {
  const json::value* const found = header.if_contains(kMetadata);
  if (found == nullptr && is_foreign) return Metadata();
  if (found == nullptr || !found->is_object()) return corrupt("{}: has no metadata", path);
  Metadata metadata;
  for (const auto& [key, value] : found->get_object()) {
    if (!value.is_string()) {
      return corrupt("{}: metadata '{}' is not a string", path, std::string_view(key));
    }
    metadata.emplace(key, value.get_string());
  }
  return metadata;
}

Result<std::vector<Entry>> to_entries(const json::object& header, std::string_view path) {
  std::vector<Entry> entries;
  for (const auto& [name, value] : header) {
    if (std::string_view(name) == kMetadata) continue;
    COSENO_ASSIGN(entry, to_entry(name, value, path));
    entries.push_back(std::move(entry));
  }
  return entries;
}

// Elements in an array of `shape`, or nothing above `max`.
std::optional<std::size_t> n_elements(std::span<const std::size_t> shape, std::size_t max) {
  if (std::ranges::find(shape, 0U) != shape.end()) return 0;
  std::size_t n = 1;
  for (const std::size_t size : shape) {
    if (size > max / n) return std::nullopt;
    n *= size;
  }
  return n;
}

// Checks an array that must begin at `begin` of `data_bytes`.
Result<void> check_place(const Entry& entry, std::size_t begin, std::size_t data_bytes,
                         std::string_view path) {
  if (entry.begin != begin) {
    return corrupt("{}: tensor '{}' begins at byte {} of the data, not at {}", path, entry.name,
                   entry.begin, begin);
  }
  if (entry.end < entry.begin || entry.end > data_bytes) {
    return corrupt("{}: tensor '{}' ends at byte {} of the data, which has {}", path, entry.name,
                   entry.end, data_bytes);
  }
  return {};
}

Result<void> check_shape(const Entry& entry, const ElementType* type, std::string_view path) {
  const std::size_t size_bytes = entry.end - entry.begin;
  const auto n = n_elements(entry.shape, size_bytes / type->size_bytes);
  if (!n || *n * type->size_bytes != size_bytes) {
    return corrupt("{}: tensor '{}' has {} bytes, which is not what shape [{}] needs", path,
                   entry.name, size_bytes, fmt::join(entry.shape, ", "));
  }
  if (entry.begin % type->size_bytes != 0) {
    return corrupt("{}: tensor '{}' is not aligned", path, entry.name);
  }
  return {};
}

// In the order in which the arrays lie.
Result<void> check_entries(std::span<const Entry> entries, std::size_t data_bytes, bool is_foreign,
                           std::string_view path) {
  std::size_t begin = 0;
  for (const Entry& entry : entries) {
    COSENO_TRY(check_place(entry, begin, data_bytes, path));
    const auto* const type = std::ranges::find(kElementTypes, entry.dtype, &ElementType::dtype);
    if (type != std::end(kElementTypes)) {
      COSENO_TRY(check_shape(entry, type, path));
    } else if (!is_foreign) {
      return corrupt("{}: tensor '{}' has the unknown dtype {}", path, entry.name, entry.dtype);
    }
    begin = entry.end;
  }
  if (begin != data_bytes) {
    return corrupt("{}: {} bytes stand behind the last tensor", path, data_bytes - begin);
  }
  return {};
}

Result<void> check_form(std::string_view header, const Metadata& metadata,
                        std::span<const Entry> entries, std::string_view path) {
  const std::string expected = header_text(metadata, entries);
  if (header == expected) return {};
  const auto differs = std::ranges::mismatch(header, expected).in1;
  return corrupt("{}: the header is not in coseno's form at byte {}", path,
                 kLengthBytes + static_cast<std::size_t>(differs - header.begin()));
}

Result<void> check_sum(std::span<const std::byte> file, std::string_view path) {
  const std::optional<std::size_t> place = checksum_place(file);
  if (!place) return corrupt("{}: has no checksum", path);
  const std::string_view stored = as_text(file.subspan(*place, kNoChecksum.size()));
  const std::string actual = checksum(file, *place);
  if (stored == actual) return {};
  return corrupt("{}: the checksum is {}, but that of the content is {}", path, stored, actual);
}

Result<json::value> parse_header(std::string_view text, std::string_view path) {
  json::error_code error;
  json::stream_parser parser;
  const std::size_t n_read = parser.write_some(text.data(), text.size(), error);
  if (!error) parser.finish(error);
  if (error) {
    return corrupt("{}: the header is not JSON at byte {}: {}", path, kLengthBytes + n_read,
                   error.message());
  }
  return parser.release();
}

}  // namespace

void TensorFileWriter::add(std::string name, std::vector<std::size_t> shape,
                           std::span<const float> values) {
  add_bytes(std::move(name), "F32", std::move(shape), std::as_bytes(values));
}

void TensorFileWriter::add(std::string name, std::vector<std::size_t> shape,
                           std::span<const std::uint32_t> values) {
  add_bytes(std::move(name), "U32", std::move(shape), std::as_bytes(values));
}

void TensorFileWriter::add(std::string name, std::vector<std::size_t> shape,
                           std::span<const std::int64_t> values) {
  add_bytes(std::move(name), "I64", std::move(shape), std::as_bytes(values));
}

void TensorFileWriter::add(std::string name, std::vector<std::size_t> shape,
                           std::vector<float>&& values) {
  add_bytes(std::move(name), "F32", std::move(shape), keep(std::as_bytes(std::span(values))));
}

void TensorFileWriter::add(std::string name, std::vector<std::size_t> shape,
                           std::vector<std::uint32_t>&& values) {
  add_bytes(std::move(name), "U32", std::move(shape), keep(std::as_bytes(std::span(values))));
}

void TensorFileWriter::add(std::string name, std::vector<std::size_t> shape,
                           std::vector<std::int64_t>&& values) {
  add_bytes(std::move(name), "I64", std::move(shape), keep(std::as_bytes(std::span(values))));
}

void TensorFileWriter::set_metadata(std::string key, std::string value) {
  COSENO_CHECK(key != kChecksumKey);
  COSENO_CHECK(metadata_.emplace(std::move(key), std::move(value)).second);
}

std::span<const std::byte> TensorFileWriter::keep(std::span<const std::byte> bytes) {
  return kept_.emplace_back(bytes.begin(), bytes.end());
}

void TensorFileWriter::add_bytes(std::string name, std::string_view dtype,
                                 std::vector<std::size_t> shape, std::span<const std::byte> bytes) {
  const std::size_t element_bytes =
      std::ranges::find(kElementTypes, dtype, &ElementType::dtype)->size_bytes;
  const auto n = n_elements(shape, bytes.size());
  COSENO_CHECK(n && *n * element_bytes == bytes.size());
  COSENO_CHECK(std::ranges::find(tensors_, name, &Tensor::name) == tensors_.end());
  const auto place = dtype == "I64"
                         ? std::ranges::find_if(
                               tensors_, [](const Tensor& tensor) { return tensor.dtype != "I64"; })
                         : tensors_.end();
  tensors_.insert(place, {.name = std::move(name),
                          .dtype = std::string(dtype),
                          .shape = std::move(shape),
                          .bytes = bytes});
}

std::size_t TensorFileWriter::array_bytes() const {
  std::size_t bytes = 0;
  for (const Tensor& tensor : tensors_) bytes += tensor.bytes.size();
  return bytes;
}

// Length and header, sealed; `name` stands in errors.
Result<std::string> TensorFileWriter::start_of_file(std::string_view name) const {
  std::vector<Entry> entries;
  std::size_t begin = 0;
  for (const Tensor& tensor : tensors_) {
    const std::size_t end = begin + tensor.bytes.size();
    entries.push_back({tensor.name, tensor.dtype, tensor.shape, begin, end});
    begin = end;
  }
  Metadata metadata = metadata_;
  metadata.emplace(kChecksumKey, kNoChecksum);
  const std::string header = header_text(metadata, entries);
  if (header.size() > kMaxHeaderBytes) {
    return invalid_argument(
        "{}: ids and other metadata take {} bytes, of which the format allows {}", name,
        header.size(), kMaxHeaderBytes);
  }

  std::string start = length_bytes(header.size()) + header;
  uLong sum = add_to_sum(0, as_bytes(start));
  for (const Tensor& tensor : tensors_) sum = add_to_sum(sum, tensor.bytes);
  start.replace(*checksum_place(as_bytes(start)), kNoChecksum.size(), digits(sum));
  return start;
}

Result<std::string> TensorFileWriter::bytes() const {
  COSENO_ASSIGN(start, start_of_file("model"));
  std::string bytes = std::move(start);
  bytes.reserve(bytes.size() + array_bytes());
  for (const Tensor& tensor : tensors_) bytes += as_text(tensor.bytes);
  return bytes;
}

Result<void> TensorFileWriter::write(const std::string& path) const {
  COSENO_ASSIGN(start, start_of_file(path));
  COSENO_ASSIGN(file, AtomicFile::create(path));
  COSENO_TRY(file.write(start));
  for (const Tensor& tensor : tensors_) COSENO_TRY(file.write(tensor.bytes));
  return file.commit();
}

namespace {

Result<std::vector<std::byte>> read_bytes(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return make_error(ErrorCode::io, "{}: cannot be read: {}", path, error.message());
  std::vector<std::byte> bytes(size);
  std::ifstream stream(path, std::ios::binary);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (!stream) return make_error(ErrorCode::io, "{}: cannot be read to its end", path);
  return bytes;
}

}  // namespace

Result<TensorFile> TensorFile::read(const std::string& path) {
  COSENO_ASSIGN(bytes, read_bytes(path));
  return parse(std::move(bytes), path);
}

Result<TensorFile> TensorFile::read_foreign(const std::string& path) {
  COSENO_ASSIGN(bytes, read_bytes(path));
  return parse_foreign(std::move(bytes), path);
}

Result<TensorFile> TensorFile::parse(std::vector<std::byte> bytes, std::string name) {
  return parse(std::move(bytes), std::move(name), false);
}

Result<TensorFile> TensorFile::parse_foreign(std::vector<std::byte> bytes, std::string name) {
  return parse(std::move(bytes), std::move(name), true);
}

Result<TensorFile> TensorFile::parse(std::vector<std::byte> bytes, std::string name,
                                     bool is_foreign) {
  if (!looks_like_one(bytes)) return corrupt("{}: is no safetensors file", name);
  std::size_t data_begin = kLengthBytes + header_length(bytes);
  if (data_begin > bytes.size()) {
    return corrupt("{}: the header ends at byte {}, but the file has {}", name, data_begin,
                   bytes.size());
  }
  const std::string_view text =
      as_text(std::span(bytes).subspan(kLengthBytes, data_begin - kLengthBytes));
  COSENO_ASSIGN(header, parse_header(text, name));
  if (!header.is_object()) return corrupt("{}: the header is no JSON object", name);
  COSENO_ASSIGN(metadata, to_metadata(header.get_object(), is_foreign, name));
  COSENO_ASSIGN(entries, to_entries(header.get_object(), name));
  if (is_foreign) std::ranges::stable_sort(entries, {}, &Entry::begin);
  COSENO_TRY(check_entries(entries, bytes.size() - data_begin, is_foreign, name));
  if (!is_foreign) {
    COSENO_TRY(check_form(text, metadata, entries, name));
    COSENO_TRY(check_sum(bytes, name));
  }
  if (data_begin % 8 != 0) {  // of another program, which did not fill up with blanks
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(data_begin));
    data_begin = 0;
  }

  TensorFile file;
  file.path_ = std::move(name);
  file.bytes_ = std::move(bytes);
  file.metadata_ = std::move(metadata);
  for (Entry& entry : entries) {
    file.tensors_.emplace(std::move(entry.name), Tensor{.dtype = std::move(entry.dtype),
                                                        .shape = std::move(entry.shape),
                                                        .begin = data_begin + entry.begin,
                                                        .size_bytes = entry.end - entry.begin});
  }
  return file;
}

void TensorFile::seal(std::span<std::byte> file) {
  const std::optional<std::size_t> place = checksum_place(file);
  if (!place) return;
  const std::string sum = checksum(file, *place);
  std::ranges::copy(as_bytes(sum), file.begin() + static_cast<std::ptrdiff_t>(*place));
}

bool TensorFile::looks_like_one(std::span<const std::byte> first_bytes) {
  return header_length(first_bytes) > 0 && first_bytes.size() > kLengthBytes &&
         first_bytes[kLengthBytes] == std::byte{'{'};
}

Result<std::span<const float>> TensorFile::floats(std::string_view name,
                                                  std::vector<std::size_t> shape) const {
  COSENO_ASSIGN(values, values_of<float>(name, "F32", shape));
  for (const float value : values) {
    if (!std::isfinite(value)) {
      return corrupt("{}: tensor '{}' holds {}, which is not finite", path_, name, value);
    }
  }
  return values;
}

Result<std::span<const std::uint32_t>> TensorFile::uint32s(std::string_view name,
                                                           std::vector<std::size_t> shape) const {
  return values_of<std::uint32_t>(name, "U32", shape);
}

Result<std::span<const std::int64_t>> TensorFile::int64s(std::string_view name,
                                                         std::vector<std::size_t> shape) const {
  return values_of<std::int64_t>(name, "I64", shape);
}

Result<std::vector<std::size_t>> TensorFile::shape(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return corrupt("{}: has no tensor '{}'", path_, name);
  return found->second.shape;
}

bool TensorFile::has(std::string_view name) const { return tensors_.contains(name); }

Result<std::string> TensorFile::metadata(std::string_view key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) return corrupt("{}: has no metadata '{}'", path_, key);
  return found->second;
}

Result<std::vector<std::string>> TensorFile::text_list(std::string_view key) const {
  COSENO_ASSIGN(text, metadata(key));
  json::error_code error;
  const json::value value = json::parse(text, error);
  if (error) return corrupt("{}: metadata '{}' is no JSON: {}", path_, key, error.message());
  if (!value.is_array()) return corrupt("{}: metadata '{}' is no list", path_, key);
  std::vector<std::string> texts;
  for (const json::value& element : value.get_array()) {
    if (!element.is_string()) {
      return corrupt("{}: metadata '{}' holds at {} what is no text", path_, key, texts.size());
    }
    texts.emplace_back(element.get_string());
  }
  return texts;
}

template <class Value>
Result<std::span<const Value>> TensorFile::values_of(std::string_view name, std::string_view dtype,
                                                     std::span<const std::size_t> shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) return corrupt("{}: has no tensor '{}'", path_, name);
  const Tensor& tensor = found->second;
  if (tensor.dtype != dtype) {
    return corrupt("{}: tensor '{}' has dtype {}, not {}", path_, name, tensor.dtype, dtype);
  }
  const auto fits = [](std::size_t stored, std::size_t asked) {
    return asked == kAny || stored == asked;
  };
  if (!std::ranges::equal(tensor.shape, shape, fits)) {
    return corrupt("{}: tensor '{}' has shape [{}], which does not fit the rest", path_, name,
                   fmt::join(tensor.shape, ", "));
  }
  return std::span(reinterpret_cast<const Value*>(bytes_.data() + tensor.begin),
                   tensor.size_bytes / sizeof(Value));
}

}  // namespace coseno
