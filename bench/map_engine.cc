// SPDX-License-Identifier: Apache-2.0

// std::map as an engine: what the others' answers are held to in bench/engines_test. It is no peer,
// since it keeps nothing.
#include <map>
#include <mutex>

#include "bench/engine.h"

namespace veralith::bench {
namespace {

class MapEngine final : public Engine {
 public:
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
  std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> map_;
};

}  // namespace

std::unique_ptr<Engine> OpenEngine(const EngineOptions&) { return std::make_unique<MapEngine>(); }

}  // namespace veralith::bench
