#include "server/exports.h"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/answer_json.h"
#include "server/records.h"
#include "server/user_events.h"

namespace coseno::server {
namespace {

constexpr std::size_t kPieceBytes = 256 * 1024;
constexpr std::size_t kRecordsAPiece = 1000;

// An answer that has begun can only be broken off: the transport does so where this is thrown.
[[noreturn]] void break_off(const Error& error) { throw std::runtime_error(error.message); }

class EventsExport final : public ReplyStream {
 public:
  EventsExport(const Engine& engine, std::uint64_t last) : engine_(engine), last_(last) {}

  State next(std::string& piece) override {
    bool is_at_end = true;
    const Result<void> scanned = engine_.scan_events(from_, [&](const LoggedEvent& event) {
      if (event.position > last_) return false;
      if (piece.size() >= kPieceBytes) {
        is_at_end = false;
        return false;
      }
      from_ = event.position + 1;
      piece += "{\"user\": ";
      append_json(event.user, piece);
      piece += ", ";
      append_event(event.item, event.type, event.value, event.time_ms, piece);
      piece += "}\n";
      return true;
    });
    if (!scanned) break_off(scanned.error());
    return is_at_end ? State::end : State::more;
  }

 private:
  const Engine& engine_;
  std::uint64_t last_;
  std::uint64_t from_ = 1;
};

class RecordsExport final : public ReplyStream {
 public:
  RecordsExport(const Engine& engine, std::string_view kind) : engine_(engine), kind_(kind) {}

  State next(std::string& piece) override {
    const Result<ListedPage> page = kind_ == "item"
                                        ? engine_.items({.after = after_, .limit = kRecordsAPiece})
                                        : engine_.users(after_, kRecordsAPiece);
    if (!page) break_off(page.error());
    for (const ListedRecord& record : page->records) {
      append_record(kind_, record.id, record.json, piece);
      piece += '\n';
    }
    after_ = page->next;
    return after_ == 0 ? State::end : State::more;
  }

 private:
  const Engine& engine_;
  std::string_view kind_;
  std::uint64_t after_ = 0;
};

}  // namespace

Answer<Reply> export_all(const Engine& engine, const Call& call) {
  COSENO_TRY(call.no_query());
  Reply reply;
  reply.content_type = "application/x-ndjson";
  const std::uint64_t position = engine.position();
  reply.headers.emplace_back("Coseno-Position", fmt::format("{}", position));
  if (call.matched.id == "events") {
    reply.stream = std::make_unique<EventsExport>(engine, position);
  } else if (call.matched.id == "items") {
    reply.stream = std::make_unique<RecordsExport>(engine, "item");
  } else if (call.matched.id == "users") {
    reply.stream = std::make_unique<RecordsExport>(engine, "user");
  } else {
    return std::unexpected(
        Problem(404, "not_found", "there are exports of events, items and users", "what"));
  }
  return reply;
}

}  // namespace coseno::server
