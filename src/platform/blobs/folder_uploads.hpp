// Uploads in a folder store. Internal to platform/blobs.
//
//   <root>/uploads/<id>/about                    what was announced, as JSON; written before the folder gets its name
//   <root>/uploads/<id>/data, progress           of one that goes forward (upload_tail.hpp)
//   <root>/uploads/<id>/part-<number>-<sha256>   a part
//   <root>/uploads/<id>/done                     "<sha256> <size>\n", written before the blob gets its key. Of one that
//                                                goes forward, the data moves there: complete without it
//   <root>/uploads/<id>/placed                   `done` of one in parts, renamed when the blob has its key, before the
//                                                parts are removed: complete, whatever parts are left
//                                                Else the server ended in between, and the last step is done again
//
// The folder's time of change says when something happened last.
//
// Thread safety: as Uploads.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>

#include "platform/blobs/folder_layout.hpp"
#include "platform/blobs/uploads.hpp"

namespace ciclo::blobs {

class FolderUploads final : public Uploads {
 public:
  // Forgets what was abandoned.
  explicit FolderUploads(std::shared_ptr<FolderLayout> layout);

  Result<UploadInfo> begin(const NewUpload& request) override;
  Result<UploadInfo> find(const std::string& id) override;
  Result<UploadInfo> append(const std::string& id, std::uint64_t offset, const PieceSource& source) override;
  Result<BlobInfo> complete(const std::string& id, const std::string& sha256) override;
  Result<Part> put_part(const std::string& id, std::size_t number, const std::string& sha256,
                        const PieceSource& source) override;
  Result<std::vector<Part>> parts(const std::string& id) override;
  Result<BlobInfo> join(const std::string& id, std::vector<Part> parts) override;
  Result<void> abandon(const std::string& id) override;

 private:
  enum class Use : std::uint8_t { alone, beside_others };
  class Turn;  // lets requests to one upload in, by Use, for as long as it lives
  Result<Turn> take_turn(const std::string& id, Use use);
  Result<std::filesystem::path> folder_of(const std::string& id) const;
  Result<UploadInfo> make(const NewUpload& request);
  Result<BlobInfo> put_in_place(const UploadInfo& upload, const std::string& sha256, std::uint64_t size,
                                TemporaryFile& file);
  Result<BlobInfo> answer_again(const UploadInfo& upload, const std::string& sha256) const;
  void forget_abandoned();
  void forget_sometimes();

  const std::shared_ptr<FolderLayout> layout_;
  std::mutex mutex_;
  std::map<std::string, int> in_use_;  // how many are beside each other; -1: one alone
  std::chrono::steady_clock::time_point next_look_;
};

}  // namespace ciclo::blobs
