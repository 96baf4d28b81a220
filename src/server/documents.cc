#include "server/documents.h"

#include "server/openapi_text.h"

namespace coseno::server {

Answer<Reply> openapi_document(const Call& call) {
  COSENO_TRY(call.no_query());
  Reply reply;
  reply.body = kOpenapi;
  return reply;
}

Answer<Reply> docs_page(const Call& call) {
  COSENO_TRY(call.no_query());
  Reply reply;
  reply.content_type = "text/html; charset=utf-8";
  reply.headers.emplace_back("Content-Security-Policy",
                             "default-src 'none'; style-src 'unsafe-inline'; script-src "
                             "'unsafe-inline'; connect-src 'self'; base-uri 'none'; "
                             "frame-ancestors 'none'");
  reply.body = kDocsPage;
  return reply;
}

}  // namespace coseno::server
