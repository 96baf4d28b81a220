// A plain client for tests: bytes out, replies in, over a real socket.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace coseno::server {

struct TestReply {
  unsigned status = 0;                         // 0: the connection ended before a whole reply
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class TestClient {
 public:
  explicit TestClient(const std::string& address) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    const std::size_t colon = address.rfind(':');
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    // A server that hangs fails the test instead of hanging it.
    const timeval patience = {.tv_sec = 20, .tv_usec = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    EXPECT_EQ(connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0);
  }
  ~TestClient() { close(descriptor_); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  // False where the server has closed.
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t n = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // More of what the server says; false at its end.
  bool receive() {
    char bytes[16 * 1024];
    const ssize_t n = recv(descriptor_, bytes, sizeof(bytes), 0);
    if (n <= 0) return false;
    received_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }
  bool has_ended() {
    char byte = 0;
    return received_.empty() && recv(descriptor_, &byte, 1, 0) == 0;
  }
  void stop_sending() const { shutdown(descriptor_, SHUT_WR); }

  // Everything up to and with `end`, or what came before the connection ended.
  std::string read_through(std::string_view end) {
    std::size_t found = 0;
    while ((found = received_.find(end)) == std::string::npos) {
      if (!receive()) return std::exchange(received_, {});
    }
    std::string text = received_.substr(0, found + end.size());
    received_.erase(0, text.size());
    return text;
  }
  std::string read_exactly(std::size_t n_bytes) {
    while (received_.size() < n_bytes) {
      if (!receive()) break;
    }
    std::string text = received_.substr(0, n_bytes);
    received_.erase(0, text.size());
    return text;
  }

  TestReply read_head() {
    TestReply reply;
    const std::string head = read_through("\r\n\r\n");
    if (!head.ends_with("\r\n\r\n")) return reply;
    for (std::size_t begin = head.find("\r\n") + 2; begin + 2 < head.size();) {
      const std::size_t end = head.find("\r\n", begin);
      const std::string line = head.substr(begin, end - begin);
      std::string name = line.substr(0, line.find(':'));
      std::transform(name.begin(), name.end(), name.begin(), [](char letter) {
        return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
      });
      reply.headers[name] = line.substr(line.find(':') + 2);
      begin = end + 2;
    }
    EXPECT_EQ(head.substr(0, 9), "HTTP/1.1 ");
    std::from_chars(head.data() + 9, head.data() + 12, reply.status);
    return reply;
  }
  std::string read_chunk() {
    const std::string size_line = read_through("\r\n");
    std::size_t n_bytes = 0;
    std::from_chars(size_line.data(), size_line.data() + size_line.size(), n_bytes, 16);
    const std::string chunk = read_exactly(n_bytes);
    EXPECT_EQ(read_exactly(2), "\r\n");
    return chunk;
  }
  TestReply read_reply(bool has_body = true) {
    TestReply reply = read_head();
    if (!has_body) return reply;
    if (const auto length = reply.headers.find("content-length"); length != reply.headers.end()) {
      reply.body = read_exactly(static_cast<std::size_t>(std::stoull(length->second)));
    } else if (reply.headers.contains("transfer-encoding")) {
      for (std::string chunk; !(chunk = read_chunk()).empty();) reply.body += chunk;
    }
    return reply;
  }
  TestReply ask(std::string_view text) {
    send(text);
    return read_reply();
  }
  TestReply get(std::string_view path, std::string_view fields = "") {
    return ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
               std::string(fields) + "\r\n");
  }
  TestReply post(std::string_view path, std::string_view body, std::string_view fields = "") {
    return ask("POST " + std::string(path) +
               " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
               "\r\n" + std::string(fields) + "\r\n" + std::string(body));
  }

 private:
  const int descriptor_;
  std::string received_;
};

}  // namespace coseno::server
