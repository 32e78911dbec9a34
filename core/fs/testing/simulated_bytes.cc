// SPDX-License-Identifier: Apache-2.0

#include "core/fs/testing/simulated_bytes.h"

#include <algorithm>
#include <set>

#include "core/base/check.h"

namespace veralith {
namespace {

uint64_t SectorOf(uint64_t offset) { return offset / kSectorBytes; }

std::string WithoutTrailingZeros(std::string_view bytes) {
  return std::string(bytes.substr(0, bytes.find_last_not_of('\0') + 1));
}

// Puts `bytes`, and zeros after them, at the sector's place in `file`.
void Overlay(std::string& file, uint64_t sector, std::string_view bytes) {
  const size_t begin = sector * kSectorBytes;
  const size_t room = std::min(kSectorBytes, file.size() - begin);
  const size_t count = std::min(room, bytes.size());
  std::copy_n(bytes.begin(), count, file.begin() + static_cast<ptrdiff_t>(begin));
  std::fill_n(file.begin() + static_cast<ptrdiff_t>(begin + count), room - count, '\0');
}

// Returns the sizes and the sector boundaries between successive sizes, ascending.
std::set<uint64_t> LegalSizes(const std::vector<std::pair<uint64_t, uint64_t>>& sizes,
                              size_t bound) {
  std::set<uint64_t> legal;
  for (size_t i = 0; i < sizes.size(); ++i) {
    legal.insert(sizes[i].second);
    if (i == 0) {
      continue;
    }
    const auto [low, high] = std::minmax(sizes[i - 1].second, sizes[i].second);
    for (uint64_t at = (SectorOf(low) + 1) * kSectorBytes; at < high && legal.size() <= bound;
         at += kSectorBytes) {
      legal.insert(at);
    }
  }
  return legal;
}

}  // namespace

std::deque<std::string>& StaleSectors::Mutable() {
  if (sectors_ == nullptr) {
    sectors_ = std::make_shared<std::deque<std::string>>();
  } else if (sectors_.use_count() > 1) {
    sectors_ = std::make_shared<std::deque<std::string>>(*sectors_);
  }
  return *sectors_;
}

void StaleSectors::Free(std::string_view bytes) {
  std::deque<std::string>& sectors = Mutable();
  for (size_t at = 0; at < bytes.size() && at < kMaxSectors * kSectorBytes; at += kSectorBytes) {
    sectors.push_back(WithoutTrailingZeros(bytes.substr(at, kSectorBytes)));
  }
  while (sectors.size() > kMaxSectors) {
    sectors.pop_front();
  }
}

std::string StaleSectors::Reuse() {
  if (sectors_ == nullptr || sectors_->empty()) {
    return "";
  }
  std::deque<std::string>& sectors = Mutable();
  std::string bytes = std::move(sectors.front());
  sectors.pop_front();
  return bytes;
}

std::string& SimulatedBytes::Mutable() {
  if (visible_.use_count() > 1) {
    visible_ = std::make_shared<std::string>(*visible_);
  }
  return *visible_;
}

std::string SimulatedBytes::VisibleSector(uint64_t index) const {
  const size_t begin = index * kSectorBytes;
  if (begin >= visible_->size()) {
    return "";
  }
  return WithoutTrailingZeros(std::string_view(*visible_).substr(begin, kSectorBytes));
}

void SimulatedBytes::Touch(uint64_t step, uint64_t index, StaleSectors& stale) {
  const auto [it, fresh] = unsettled_.try_emplace(index);
  Sector& sector = it->second;
  const bool on_disk = index * kSectorBytes < visible_->size();
  if (fresh && !on_disk) {
    sector.older.push_back({0, ""});
    if (std::string held = stale.Reuse(); !held.empty()) {
      sector.older.push_back({0, std::move(held)});
    }
  } else if (sector.step != step || fresh) {
    sector.older.push_back({sector.step, VisibleSector(index)});
  }
  sector.step = step;
  sector.dirty = true;
}

void SimulatedBytes::SetSize(uint64_t step, uint64_t size) {
  if (size == visible_->size()) {
    return;
  }
  older_sizes_.emplace_back(size_step_, visible_->size());
  size_step_ = step;
  size_dirty_ = true;
  Mutable().resize(size, '\0');
}

void SimulatedBytes::Write(uint64_t step, uint64_t offset, std::string_view data,
                           StaleSectors& stale) {
  VERALITH_CHECK(step != 0);
  if (data.empty()) {
    return;
  }
  const uint64_t end = offset + data.size();
  for (uint64_t index = SectorOf(offset); index <= SectorOf(end - 1); ++index) {
    Touch(step, index, stale);
  }
  SetSize(step, std::max<uint64_t>(end, visible_->size()));
  std::copy(data.begin(), data.end(), Mutable().begin() + static_cast<ptrdiff_t>(offset));
}

void SimulatedBytes::Truncate(uint64_t step, uint64_t size, StaleSectors& stale) {
  VERALITH_CHECK(step != 0);
  if (size < visible_->size()) {
    for (uint64_t index = SectorOf(size); index <= SectorOf(visible_->size() - 1); ++index) {
      Touch(step, index, stale);
    }
    const uint64_t first_whole = (size + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
    if (first_whole < visible_->size()) {
      stale.Free(std::string_view(*visible_).substr(first_whole));
    }
  }
  SetSize(step, size);
}

void SimulatedBytes::Sync() {
  std::erase_if(unsettled_, [](const auto& entry) { return entry.second.dirty; });
  if (size_dirty_) {
    older_sizes_.clear();
    size_step_ = 0;
    size_dirty_ = false;
  }
}

void SimulatedBytes::FailSync() {
  for (auto& [index, sector] : unsettled_) {
    sector.dirty = false;
  }
  size_dirty_ = false;
}

void SimulatedBytes::Corrupt(uint64_t offset, char byte) {
  VERALITH_CHECK(offset < visible_->size());
  Mutable()[offset] = byte;
}

SimulatedBytes::Sizes SimulatedBytes::AllSizes() const {
  Sizes sizes = older_sizes_;
  sizes.emplace_back(size_step_, visible_->size());
  return sizes;
}

std::shared_ptr<std::string> SimulatedBytes::Survivor(SurvivorChoice& choice) const {
  if (settled()) {
    return visible_;
  }
  const uint64_t size = older_sizes_.empty() ? visible_->size() : choice.PickSize(AllSizes());
  auto bytes = std::make_shared<std::string>(visible_->substr(0, size));
  bytes->resize(size, '\0');
  for (const auto& [index, sector] : unsettled_) {
    std::vector<uint64_t> steps;
    for (const Version& version : sector.older) {
      steps.push_back(version.step);
    }
    steps.push_back(sector.step);
    const size_t picked = choice.PickVersion(index, steps);
    if (picked < sector.older.size() && index * kSectorBytes < size) {
      Overlay(*bytes, index, sector.older[picked].bytes);
    }
  }
  return bytes;
}

std::vector<std::string> SimulatedBytes::DistinctVersions(uint64_t index, const Sector& sector,
                                                          size_t visible_bytes) const {
  std::vector<std::string> distinct;
  const auto add = [&](std::string_view bytes) {
    std::string clipped = WithoutTrailingZeros(bytes.substr(0, visible_bytes));
    if (std::find(distinct.begin(), distinct.end(), clipped) == distinct.end()) {
      distinct.push_back(std::move(clipped));
    }
  };
  for (const Version& version : sector.older) {
    add(version.bytes);
  }
  add(VisibleSector(index));
  return distinct;
}

std::vector<std::shared_ptr<std::string>> SimulatedBytes::AllSurvivors(size_t bound) const {
  std::vector<std::shared_ptr<std::string>> all;
  if (settled()) {
    all.push_back(visible_);
    return all;
  }
  for (const uint64_t size : LegalSizes(AllSizes(), bound)) {
    // Different sizes are different files, so only versions of equal sectors can repeat, and those
    // are distinct already: the files of one size are the product of its sectors' versions.
    std::vector<std::string> files(1, visible_->substr(0, size));
    files[0].resize(size, '\0');
    for (const auto& [index, sector] : unsettled_) {
      if (index * kSectorBytes >= size) {
        break;
      }
      const size_t shown = std::min<uint64_t>(kSectorBytes, size - index * kSectorBytes);
      std::vector<std::string> more;
      for (const std::string& version : DistinctVersions(index, sector, shown)) {
        for (const std::string& file : files) {
          more.push_back(file);
          Overlay(more.back(), index, version);
        }
        if (more.size() > bound) {
          break;
        }
      }
      files.swap(more);
    }
    for (std::string& file : files) {
      all.push_back(std::make_shared<std::string>(std::move(file)));
    }
    if (all.size() > bound) {
      break;
    }
  }
  return all;
}

void SimulatedBytes::CollectUnsettledSteps(std::map<uint64_t, Extent>& steps) const {
  const auto add = [&steps](uint64_t step, uint64_t index) {
    if (step != 0) {
      Extent& extent = steps[step];
      extent.first = std::min(extent.first, index);
      extent.last = std::max(extent.last, index);
    }
  };
  for (const auto& [index, sector] : unsettled_) {
    for (const Version& version : sector.older) {
      add(version.step, index);
    }
    add(sector.step, index);
  }
  for (const auto& [step, size] : older_sizes_.empty() ? Sizes() : AllSizes()) {
    if (step != 0) {
      steps.try_emplace(step);
    }
  }
}

}  // namespace veralith
