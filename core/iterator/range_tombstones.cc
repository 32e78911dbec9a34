#include "core/iterator/range_tombstones.h"

#include <algorithm>
#include <functional>
#include <map>

namespace veralith {
namespace {

// Where a tombstone begins or ends. The end of a namespace sorts behind all its keys.
struct Edge {
  NamespaceId ns;
  bool namespace_end;
  std::string_view key;
  Timestamp ts;
  bool begins;
};

int ComparePlaces(const Edge& a, const Edge& b) {
  if (a.ns != b.ns) {
    return a.ns < b.ns ? -1 : 1;
  }
  if (a.namespace_end != b.namespace_end) {
    return a.namespace_end ? 1 : -1;
  }
  return a.namespace_end ? 0 : CompareBytes(a.key, b.key);
}

bool IsEmptyRange(const RangeTombstoneView& t) {
  return !t.open_end && CompareBytes(t.begin, t.end) >= 0;
}

std::vector<Edge> SortedEdges(std::span<const RangeTombstoneView> tombstones) {
  std::vector<Edge> edges;
  edges.reserve(2 * tombstones.size());
  for (const RangeTombstoneView& t : tombstones) {
    if (IsEmptyRange(t)) {
      continue;
    }
    edges.push_back({t.ns, false, t.begin, t.ts, true});
    edges.push_back({t.ns, t.open_end, t.open_end ? std::string_view() : t.end, t.ts, false});
  }
  std::sort(edges.begin(), edges.end(),
            [](const Edge& a, const Edge& b) { return ComparePlaces(a, b) < 0; });
  return edges;
}

std::string_view Later(std::string_view a, std::string_view b) {
  return CompareBytes(a, b) < 0 ? b : a;
}

}  // namespace

Timestamp RangeFragment::Newest(Timestamp snapshot) const {
  const auto found = std::lower_bound(timestamps.begin(), timestamps.end(), snapshot,
                                      std::greater<Timestamp>());
  return found == timestamps.end() ? 0 : *found;
}

// Sweeps over the edges in order, with the timestamps of the tombstones that are open there.
class FragmentedRangeTombstones::Builder {
 public:
  explicit Builder(FragmentedRangeTombstones* out) : out_(out) {}

  void Sweep(const std::vector<Edge>& edges) {
    for (size_t i = 0; i < edges.size();) {
      const size_t place = i;
      EnterPlace(edges[place]);
      for (; i < edges.size() && ComparePlaces(edges[i], edges[place]) == 0; ++i) {
        Apply(edges[i]);
      }
    }
  }

 private:
  // Closes the fragment that reaches from the place before to this one.
  void EnterPlace(const Edge& edge) {
    const Slice here = active_.empty() && !edge.begins ? Slice{} : Store(edge.key);
    if (!active_.empty()) {
      AddFragment(edge, here);
    }
    begin_ = here;
  }

  void Apply(const Edge& edge) {
    if (edge.begins) {
      ++active_[edge.ts];
    } else if (--active_[edge.ts] == 0) {
      active_.erase(edge.ts);
    }
  }

  void AddFragment(const Edge& edge, Slice end) {
    std::vector<Fragment>& fragments = out_->fragments_;
    if (!fragments.empty() && Continues(fragments.back(), edge.ns)) {
      fragments.back().end = end;
      fragments.back().open_end = edge.namespace_end;
      return;
    }
    fragments.push_back({edge.ns, begin_, end, edge.namespace_end, out_->timestamps_.size(),
                         active_.size()});
    for (const auto& [ts, count] : active_) {
      out_->timestamps_.push_back(ts);
    }
  }

  // Whether the fragment that begins at begin_ is the last one carried on: it touches it and has
  // the same timestamps.
  bool Continues(const Fragment& last, NamespaceId ns) const {
    if (last.ns != ns || last.open_end || last.timestamp_count != active_.size() ||
        out_->Bytes(last.end) != out_->Bytes(begin_)) {
      return false;
    }
    auto ts = out_->timestamps_.begin() + static_cast<ptrdiff_t>(last.first_timestamp);
    return std::all_of(active_.begin(), active_.end(),
                       [&ts](const auto& item) { return item.first == *ts++; });
  }

  Slice Store(std::string_view key) {
    const Slice slice{out_->bytes_.size(), key.size()};
    out_->bytes_.append(key);
    return slice;
  }

  FragmentedRangeTombstones* const out_;
  std::map<Timestamp, uint64_t, std::greater<Timestamp>> active_;  // ts -> tombstones open
  Slice begin_;
};

std::shared_ptr<const FragmentedRangeTombstones> FragmentedRangeTombstones::Build(
    std::span<const RangeTombstoneView> tombstones) {
  std::shared_ptr<FragmentedRangeTombstones> result(new FragmentedRangeTombstones);
  Builder(result.get()).Sweep(SortedEdges(tombstones));
  result->bytes_.shrink_to_fit();
  result->timestamps_.shrink_to_fit();
  result->fragments_.shrink_to_fit();
  return result;
}

std::shared_ptr<const FragmentedRangeTombstones> FragmentedRangeTombstones::Merge(
    std::span<const std::shared_ptr<const FragmentedRangeTombstones>> parts) {
  std::vector<RangeTombstoneView> all;
  for (const auto& part : parts) {
    if (part != nullptr) {
      const std::vector<RangeTombstoneView> its = part->ToTombstones();
      all.insert(all.end(), its.begin(), its.end());
    }
  }
  return Build(all);
}

RangeFragment FragmentedRangeTombstones::fragment(size_t i) const {
  const Fragment& f = fragments_[i];
  return {f.ns, Bytes(f.begin), Bytes(f.end), f.open_end,
          std::span(timestamps_).subspan(f.first_timestamp, f.timestamp_count)};
}

size_t FragmentedRangeTombstones::FirstEndingAfter(NamespaceId ns, std::string_view key) const {
  const auto ends_at_or_before = [&](const Fragment& f) {
    return f.ns < ns || (f.ns == ns && !f.open_end && CompareBytes(Bytes(f.end), key) <= 0);
  };
  return static_cast<size_t>(
      std::partition_point(fragments_.begin(), fragments_.end(), ends_at_or_before) -
      fragments_.begin());
}

Timestamp FragmentedRangeTombstones::MaxCovering(NamespaceId ns, std::string_view key,
                                                 Timestamp snapshot) const {
  const size_t i = FirstEndingAfter(ns, key);
  if (i == size() || CompareUserKeys(fragments_[i].ns, Bytes(fragments_[i].begin), ns, key) > 0) {
    return 0;
  }
  return fragment(i).Newest(snapshot);
}

std::vector<RangeTombstoneView> FragmentedRangeTombstones::ToTombstones() const {
  return Clip(std::nullopt, std::nullopt);
}

std::vector<RangeTombstoneView> FragmentedRangeTombstones::Clip(
    const std::optional<UserKeyView>& lower, const std::optional<UserKeyView>& upper) const {
  std::vector<RangeTombstoneView> result;
  for (size_t i = lower ? FirstEndingAfter(lower->ns, lower->key) : 0; i < size(); ++i) {
    const RangeFragment f = fragment(i);
    if (upper && CompareUserKeys(f.ns, f.begin, upper->ns, upper->key) >= 0) {
      break;
    }
    RangeTombstoneView cut{f.ns, f.begin, f.end, f.open_end, 0};
    if (lower && f.ns == lower->ns) {
      cut.begin = Later(f.begin, lower->key);
    }
    if (upper && f.ns == upper->ns && f.EndsAfter(upper->key)) {
      cut.end = upper->key;
      cut.open_end = false;
    }
    for (const Timestamp ts : f.timestamps) {
      cut.ts = ts;
      result.push_back(cut);
    }
  }
  return result;
}

size_t FragmentedRangeTombstones::MemoryBytes() const {
  return sizeof(*this) + bytes_.capacity() + timestamps_.capacity() * sizeof(Timestamp) +
         fragments_.capacity() * sizeof(Fragment);
}

// --- RangeTombstoneCursor ----------------------------------------------------------------------

RangeTombstoneCursor::RangeTombstoneCursor(
    std::vector<std::shared_ptr<const FragmentedRangeTombstones>> lists, NamespaceId ns,
    Timestamp snapshot)
    : lists_(std::move(lists)), ns_(ns), snapshot_(snapshot) {
  std::erase_if(lists_, [](const auto& list) { return list == nullptr || list->empty(); });
}

void RangeTombstoneCursor::MoveTo(std::string_view key) {
  known_ = true;
  begin_ = {};
  end_ = {};
  open_end_ = true;
  covering_ = 0;
  for (const auto& list : lists_) {
    const size_t i = list->FirstEndingAfter(ns_, key);
    if (i > 0 && list->fragment(i - 1).ns == ns_) {
      StartAt(list->fragment(i - 1).end);
    }
    if (i == list->size() || list->fragment(i).ns != ns_) {
      continue;
    }
    const RangeFragment next = list->fragment(i);
    if (CompareBytes(next.begin, key) > 0) {
      EndAt(next.begin);
      continue;
    }
    covering_ = std::max(covering_, next.Newest(snapshot_));
    StartAt(next.begin);
    if (!next.open_end) {
      EndAt(next.end);
    }
  }
}

void RangeTombstoneCursor::StartAt(std::string_view key) { begin_ = Later(begin_, key); }

void RangeTombstoneCursor::EndAt(std::string_view key) {
  if (open_end_ || CompareBytes(key, end_) < 0) {
    end_ = key;
    open_end_ = false;
  }
}

}  // namespace veralith
