#include "server/records.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/answer_json.h"
#include "ranking/json_document.h"
#include "ranking/properties.h"
#include "server/json_body.h"
#include "server/page.h"

namespace coseno::server {
namespace {

namespace json = boost::json;

using Put = std::function<Result<std::uint64_t>(std::string_view id, std::string_view json)>;
using PutAll = std::function<Result<std::uint64_t>(std::span<const PropertiesOf> records)>;

Reply position_reply(std::uint64_t position) {
  std::string body = "{\"position\": ";
  append_json(position, body);
  return json_reply(std::move(body) + "}");
}

// What was refused of properties, whose messages may begin with a JSON pointer; they stand at
// `place` of the body.
Problem properties_problem(Error error, std::string_view place) {
  Problem problem(std::move(error));
  if (problem.status != 422) return problem;
  problem.field = place;
  if (problem.detail.starts_with('/')) {
    const std::string_view message = problem.detail;
    problem.field += message.substr(0, std::min(message.find(": "), message.find(" must ")));
  }
  return problem;
}

Answer<Reply> get_one(std::string_view kind, Result<std::optional<std::string>> record,
                      std::string_view id) {
  COSENO_TRY(record);
  if (!*record) {
    return std::unexpected(
        Problem(404, "not_found", fmt::format("there is no {} '{}'", kind, id), std::string(kind)));
  }
  std::string body;
  append_record(kind, id, **record, body);
  return json_reply(std::move(body));
}

// The body is an object of properties.
Answer<Reply> put_one(std::string_view kind, const ApiOptions& options, const Call& call,
                      const Put& put) {
  COSENO_TRY(call.no_query());
  COSENO_ASSIGN(id, call.id(kind));
  JsonBody body;
  COSENO_ASSIGN(value, body.parse(call.request, options.max_json_depth));
  COSENO_TRY(Fields::of(*value, ""));
  Result<std::uint64_t> position = put(id, call.request.body);
  if (!position) return std::unexpected(properties_problem(std::move(position).error(), ""));
  return position_reply(*position);
}

Answer<Reply> remove_one(std::string_view kind, Result<std::uint64_t> position) {
  if (position) return position_reply(*position);
  Problem problem(std::move(position).error());
  if (problem.status == 404) problem.field = kind;
  return std::unexpected(std::move(problem));
}

struct NewRecord {
  std::string_view id;
  std::string json;
};

// One element of the body of a bulk request.
Answer<NewRecord> new_record(std::string_view kind, const json::value& value, std::string place) {
  COSENO_ASSIGN(fields, Fields::of(value, std::move(place)));
  COSENO_ASSIGN(id, fields.required(kind, fields.text(kind)));
  COSENO_TRY(check_id(id, kind, fields.place_of(kind)));
  NewRecord record{id, "{}"};
  if (const json::value* const properties = fields.any("properties")) {
    const std::string at = fields.place_of("properties");
    COSENO_TRY(Fields::of(*properties, at));
    Result<Properties> parsed = Properties::parse(text_of(*properties));
    if (!parsed) return std::unexpected(properties_problem(std::move(parsed).error(), at));
    record.json = parsed->json();
  }
  COSENO_TRY(fields.end());
  return record;
}

Answer<Reply> put_many(std::string_view kind, const ApiOptions& options, const Call& call,
                       const PutAll& put_all) {
  COSENO_TRY(call.no_query());
  JsonBody body;
  COSENO_ASSIGN(value, body.parse(call.request, options.max_json_depth));
  const json::array* const list = value->if_array();
  if (list == nullptr) {
    return bad_request("", "the body must be a list, not {}", json_kind(*value));
  }
  if (list->size() > options.max_batch) {
    return std::unexpected(Problem(
        413, "batch_too_long",
        fmt::format("a batch has at most {} {}s, not {}", options.max_batch, kind, list->size())));
  }
  std::vector<NewRecord> records;
  records.reserve(list->size());
  for (const json::value& element : *list) {
    COSENO_ASSIGN(record, new_record(kind, element, json_pointer("", records.size())));
    records.push_back(std::move(record));
  }
  std::vector<PropertiesOf> all;
  all.reserve(records.size());
  for (const NewRecord& record : records) all.push_back({record.id, record.json});
  Result<std::uint64_t> position = put_all(all);
  if (!position) return std::unexpected(properties_problem(std::move(position).error(), ""));
  return position_reply(*position);
}

Reply page_reply(std::string_view kind, const ListedPage& page, std::uint64_t position,
                 const std::string& next) {
  std::string body = fmt::format("{{\"{}s\": [", kind);
  for (std::string_view comma; const ListedRecord& record : page.records) {
    body += comma;
    append_record(kind, record.id, record.json, body);
    comma = ", ";
  }
  body += "], \"position\": ";
  append_json(position, body);
  if (!next.empty()) append_next(next, body);
  return json_reply(std::move(body) + "}");
}

}  // namespace

void append_record(std::string_view kind, std::string_view id, std::string_view json,
                   std::string& out) {
  out += "{\"";
  out += kind;
  out += "\": ";
  append_json(id, out);
  out += ", \"properties\": ";
  out += json;
  out += '}';
}

Answer<Reply> get_item(const Engine& engine, const Call& call) {
  COSENO_TRY(call.no_query());
  COSENO_ASSIGN(id, call.id("item"));
  return get_one("item", engine.item(id), id);
}
Answer<Reply> put_item(Engine& engine, const ApiOptions& options, const Call& call) {
  return put_one("item", options, call, [&](std::string_view id, std::string_view json) {
    return engine.put_item(id, json);
  });
}
Answer<Reply> patch_item(Engine& engine, const ApiOptions& options, const Call& call) {
  return put_one("item", options, call, [&](std::string_view id, std::string_view json) {
    return engine.patch_item(id, json);
  });
}
Answer<Reply> delete_item(Engine& engine, const Call& call) {
  COSENO_TRY(call.no_query());
  COSENO_ASSIGN(id, call.id("item"));
  return remove_one("item", engine.delete_item(id));
}
Answer<Reply> put_items(Engine& engine, const ApiOptions& options, const Call& call) {
  return put_many("item", options, call,
                  [&](std::span<const PropertiesOf> items) { return engine.put_items(items); });
}
Answer<Reply> list_items(const Engine& engine, const ApiOptions& options, const Call& call) {
  COSENO_ASSIGN(query, call.query());
  COSENO_ASSIGN(page, PageRequest::of(query, options));
  COSENO_ASSIGN(filter, query.text("filter"));
  COSENO_ASSIGN(text, query.text("text"));
  COSENO_TRY(query.end());
  // Which pages belong together.
  std::string list = filter.value_or("");
  list += '\0';
  list += text.value_or("");
  COSENO_ASSIGN(after, cursor_number(CursorKind::items, list, page.cursor));
  const std::uint64_t position = engine.position();
  Result<ListedPage> listed = engine.items({.filter = filter ? *filter : std::string_view(),
                                            .text = text ? *text : std::string_view(),
                                            .after = after,
                                            .limit = page.limit});
  if (!listed) {
    Problem problem(std::move(listed).error());
    if (problem.status == 422) problem.field = "filter";
    return std::unexpected(std::move(problem));
  }
  return page_reply("item", *listed, position,
                    listed->next == 0 ? "" : number_cursor(CursorKind::items, list, listed->next));
}

Answer<Reply> get_user(const Engine& engine, const Call& call) {
  COSENO_TRY(call.no_query());
  COSENO_ASSIGN(id, call.id("user"));
  return get_one("user", engine.user(id), id);
}
Answer<Reply> put_user(Engine& engine, const ApiOptions& options, const Call& call) {
  return put_one("user", options, call, [&](std::string_view id, std::string_view json) {
    return engine.put_user(id, json);
  });
}
Answer<Reply> patch_user(Engine& engine, const ApiOptions& options, const Call& call) {
  return put_one("user", options, call, [&](std::string_view id, std::string_view json) {
    return engine.patch_user(id, json);
  });
}
Answer<Reply> erase_user(Engine& engine, const Call& call) {
  COSENO_TRY(call.no_query());
  COSENO_ASSIGN(id, call.id("user"));
  return remove_one("user", engine.erase_user(id));
}
Answer<Reply> put_users(Engine& engine, const ApiOptions& options, const Call& call) {
  return put_many("user", options, call,
                  [&](std::span<const PropertiesOf> users) { return engine.put_users(users); });
}
Answer<Reply> list_users(const Engine& engine, const ApiOptions& options, const Call& call) {
  COSENO_ASSIGN(query, call.query());
  COSENO_ASSIGN(page, PageRequest::of(query, options));
  COSENO_TRY(query.end());
  COSENO_ASSIGN(after, cursor_number(CursorKind::users, "", page.cursor));
  const std::uint64_t position = engine.position();
  COSENO_ASSIGN(listed, engine.users(after, page.limit));
  return page_reply("user", listed, position,
                    listed.next == 0 ? "" : number_cursor(CursorKind::users, "", listed.next));
}

Answer<Reply> similar_users(const Engine& engine, const ApiOptions& options, const Call& call) {
  COSENO_ASSIGN(id, call.id("user"));
  COSENO_ASSIGN(query, call.query());
  COSENO_ASSIGN(k, query.whole_number("k"));
  COSENO_TRY(query.end());
  const std::size_t n = k.value_or(std::min<std::size_t>(10, options.max_k));
  if (n < 1 || n > options.max_k) {
    return bad_request("k", "k must be in [1, {}], not {}", options.max_k, n);
  }
  const std::uint64_t position = engine.position();
  Result<std::vector<SimilarUser>> similar = engine.similar_users(id, n);
  if (!similar) {
    Problem problem(std::move(similar).error());
    if (problem.status == 404) problem.field = "user";
    return std::unexpected(std::move(problem));
  }
  std::string body = "{\"users\": [";
  for (std::string_view comma; const SimilarUser& user : *similar) {
    body += comma;
    body += "{\"user\": ";
    append_json(user.user, body);
    body += ", \"score\": ";
    append_json(user.score, body);
    body += '}';
    comma = ", ";
  }
  body += "], \"position\": ";
  append_json(position, body);
  return json_reply(std::move(body) + "}");
}

}  // namespace coseno::server
