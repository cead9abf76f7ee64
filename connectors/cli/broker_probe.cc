#include "connectors/cli/broker_probe.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace tocsin::cli {
namespace {

constexpr int kPatienceMs = 1000;

// Empty when a connection is taken; else why not.
std::string refusal(const addrinfo& address) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return std::strerror(errno);
  int fault = ::connect(fd, address.ai_addr, address.ai_addrlen) == 0 ? 0 : errno;
  if (fault == EINPROGRESS) {
    pollfd waiting{fd, POLLOUT, 0};
    socklen_t size = sizeof fault;
    if (::poll(&waiting, 1, kPatienceMs) != 1)
      fault = ETIMEDOUT;
    else
      ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size);
  }
  ::close(fd);
  return fault == 0 ? std::string() : std::strerror(fault);
}

std::string try_broker(const std::string& broker) {
  const size_t colon = broker.rfind(':');
  const std::string host = broker.substr(0, colon), port = colon == broker.npos ? "9092" : broker.substr(colon + 1);
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = SOCK_STREAM;
  if (const int fault = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found); fault != 0) {
    return ::gai_strerror(fault);
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  std::string why;
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    why = refusal(*a);
    if (why.empty()) return {};
  }
  return why;
}

}  // namespace

Status some_broker_answers(const std::string& brokers) {
  std::string why;
  for (size_t at = 0; at < brokers.size();) {
    const size_t comma = std::min(brokers.find(',', at), brokers.size());
    std::string broker = brokers.substr(at, comma - at);
    std::erase(broker, ' ');
    at = comma + 1;
    if (broker.empty()) continue;
    if (const size_t scheme = broker.find("://"); scheme != broker.npos) broker.erase(0, scheme + 3);
    const std::string fault = try_broker(broker);
    if (fault.empty()) return {};
    why += (why.empty() ? "" : "; ") + broker + ": " + fault;
  }
  if (why.empty()) return invalid("no broker is named: set bootstrap.servers under `kafka`");
  return unavailable("no broker answers (" + why + ")");
}

}  // namespace tocsin::cli
