// SPDX-License-Identifier: Apache-2.0

// std::map as an engine: what the others' answers are held to in side_by_side_test. It is no peer:
// it writes its entries to a file when it is closed, for the next process.
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "bench/engine.h"

namespace veralith::bench {
namespace {

class MapEngine final : public Engine {
 public:
  explicit MapEngine(const EngineOptions& options) : directory_(options.directory) {
    std::ifstream file(directory_ + "/entries", std::ios::binary);
    for (std::string key, value; ReadBytes(file, &key) && ReadBytes(file, &value);) {
      map_.emplace(key, value);
    }
  }
  ~MapEngine() override {
    std::filesystem::create_directories(directory_);
    std::ofstream file(directory_ + "/entries", std::ios::binary);
    for (const auto& [key, value] : map_) {
      WriteBytes(file, key);
      WriteBytes(file, value);
    }
  }

  std::string Description() const override { return "std::map"; }
  void Put(std::string_view key, std::string_view value, bool) override {
    const std::lock_guard lock(mutex_);
    map_.insert_or_assign(std::string(key), std::string(value));
  }
  void PutBatch(const std::vector<std::pair<std::string, std::string>>& entries) override {
    for (const auto& [key, value] : entries) {
      Put(key, value, false);
    }
  }
  void Delete(std::string_view key) override { map_.erase(std::string(key)); }
  bool Get(std::string_view key, Answers* answers) override {
    const std::lock_guard lock(mutex_);
    const auto found = map_.find(key);
    if (found == map_.end()) {
      return false;
    }
    answers->Value(found->second);
    return true;
  }
  void Scan(std::string_view start, uint64_t limit, bool reverse, Answers* answers) override {
    if (reverse) {
      for (auto at = map_.rbegin(); at != map_.rend() && limit > 0; ++at, --limit) {
        answers->Row(at->first, at->second);
      }
      return;
    }
    for (auto at = map_.lower_bound(start); at != map_.end() && limit > 0; ++at, --limit) {
      answers->Row(at->first, at->second);
    }
  }
  void Settle() override {}
  void CompactAll() override {}

 private:
  static void WriteBytes(std::ofstream& file, const std::string& bytes) {
    const uint64_t size = bytes.size();
    file.write(reinterpret_cast<const char*>(&size), sizeof(size));
    file.write(bytes.data(), static_cast<std::streamsize>(size));
  }
  static bool ReadBytes(std::ifstream& file, std::string* bytes) {
    uint64_t size = 0;
    if (!file.read(reinterpret_cast<char*>(&size), sizeof(size))) {
      return false;
    }
    bytes->resize(size);
    return static_cast<bool>(file.read(bytes->data(), static_cast<std::streamsize>(size)));
  }

  const std::string directory_;
  std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> map_;
};

}  // namespace

std::unique_ptr<Engine> OpenEngine(const EngineOptions& options) {
  return std::make_unique<MapEngine>(options);
}

}  // namespace veralith::bench
