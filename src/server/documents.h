// The description of the interface, and a page that shows it.
#pragma once

#include "server/call.h"

namespace coseno::server {

// GET /openapi.json: OpenAPI 3.1.
Answer<Reply> openapi_document(const Call& call);
// GET /docs: loads that, and nothing from elsewhere.
Answer<Reply> docs_page(const Call& call);

}  // namespace coseno::server
