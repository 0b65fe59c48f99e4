#include "platform/http/fetch.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <fstream>
#include <system_error>

#include "platform/http/url.hpp"

namespace ciclo::http {
namespace {

constexpr int most_redirects = 5;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Where a redirect leads, seen from `url`.
Result<std::string> redirected(const std::string& url, const ClientResponse& response) {
  const std::string location(response.headers.find("location").value_or(""));
  const auto base = parse_url(url);
  const auto reference = boost::urls::parse_uri_reference(location);
  boost::urls::url next;
  if (location.empty() || !base || !reference || !boost::urls::resolve(*base, *reference, next))
    return fail(ErrorCode::unavailable, "the server redirects without saying where to");
  next.remove_fragment();
  if (base->scheme() == "https" && next.scheme() != "https")
    return fail(ErrorCode::denied, "the server redirects from https to an address without it");
  return std::string(next.buffer().data(), next.buffer().size());
}

ErrorCode code_of(int status) {
  if (status == 401 || status == 403) return ErrorCode::denied;
  if (status == 404 || status == 410) return ErrorCode::not_found;
  return status == 429 || status >= 500 ? ErrorCode::unavailable : ErrorCode::invalid;
}

class Download {
 public:
  explicit Download(const FetchRequest& request)
      : request_(request), part_(request.target.string() + ".part"), out_(part_, std::ios::binary | std::ios::trunc) {}
  ~Download() {
    std::error_code ignored;
    std::filesystem::remove(part_, ignored);
  }
  Download(const Download&) = delete;
  Download& operator=(const Download&) = delete;

  Result<void> take(std::string_view piece) {
    if (request_.stop.stop_requested()) return fail(ErrorCode::conflict, "the download was stopped");
    if (piece.size() > request_.max_bytes - size_)
      return fail(ErrorCode::too_large, "the file is larger than " + std::to_string(request_.max_bytes) + " bytes");
    size_ += piece.size();
    if (out_.write(piece.data(), static_cast<std::streamsize>(piece.size()))) return {};
    return cannot_write();
  }

  Result<std::uint64_t> keep() {
    out_.close();
    std::error_code failed;
    if (out_) std::filesystem::rename(part_, request_.target, failed);
    if (!out_ || failed) return cannot_write();
    return size_;
  }

 private:
  Failure cannot_write() const {
    return fail(ErrorCode::internal, "cannot write " + request_.target.string(), {}, "free some space on the disk");
  }

  const FetchRequest& request_;
  const std::filesystem::path part_;
  std::ofstream out_;
  std::uint64_t size_ = 0;
};

}  // namespace

std::string file_name_of(const std::string& url) {
  constexpr std::size_t longest = 200;
  std::string_view path(url);
  path = path.substr(0, path.find_first_of("?#"));
  const std::size_t authority = path.find("://");
  const std::size_t slash = path.rfind('/');
  if (authority == std::string_view::npos || slash < authority + 3 || slash == std::string_view::npos) return "data";
  const auto name = percent_decode(path.substr(slash + 1));
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  const bool good =
      name && !name->empty() && name->size() <= longest && name->front() != '.' && std::ranges::all_of(*name, is_plain);
  return good ? *name : "data";
}

Result<std::uint64_t> fetch_file(Client& client, const FetchRequest& request) {
  std::string url = request.url;
  for (int redirects = 0; redirects <= most_redirects; ++redirects) {
    Download download(request);
    ClientRequest get;
    get.url = url;
    get.sink = [&](std::string_view piece) { return download.take(piece); };
    CICLO_TRY(const ClientResponse response, client.send(get));
    if (response.status >= 200 && response.status < 300) return download.keep();
    if (!is_redirect(response.status))
      return fail(code_of(response.status), "the server answered " + std::to_string(response.status));
    CICLO_TRY(url, redirected(url, response));
  }
  return fail(ErrorCode::unavailable, "the server redirects more than " + std::to_string(most_redirects) + " times");
}

}  // namespace ciclo::http
