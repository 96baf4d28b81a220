// Items and users: what is known of them, one, many, in pages.
#pragma once

#include "coseno/engine.h"
#include "server/api.h"
#include "server/call.h"

namespace coseno::server {

// GET, PUT, PATCH, DELETE of one item or user; POST of many; GET of pages. PATCH is JSON merge
// patch (RFC 7396). Many are checked whole before the first is put.
Answer<Reply> get_item(const Engine& engine, const Call& call);
Answer<Reply> put_item(Engine& engine, const ApiOptions& options, const Call& call);
Answer<Reply> patch_item(Engine& engine, const ApiOptions& options, const Call& call);
Answer<Reply> delete_item(Engine& engine, const Call& call);
Answer<Reply> put_items(Engine& engine, const ApiOptions& options, const Call& call);
Answer<Reply> list_items(const Engine& engine, const ApiOptions& options, const Call& call);

Answer<Reply> get_user(const Engine& engine, const Call& call);
Answer<Reply> put_user(Engine& engine, const ApiOptions& options, const Call& call);
Answer<Reply> patch_user(Engine& engine, const ApiOptions& options, const Call& call);
Answer<Reply> erase_user(Engine& engine, const Call& call);
Answer<Reply> put_users(Engine& engine, const ApiOptions& options, const Call& call);
Answer<Reply> list_users(const Engine& engine, const ApiOptions& options, const Call& call);

// GET /v1/users/{user}/similar
Answer<Reply> similar_users(const Engine& engine, const ApiOptions& options, const Call& call);

// {"item": "50", "properties": {...}}; `kind` is "item" or "user", `json` an object.
void append_record(std::string_view kind, std::string_view id, std::string_view json,
                   std::string& out);

}  // namespace coseno::server
