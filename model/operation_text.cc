// SPDX-License-Identifier: Apache-2.0

#include "model/operation_text.h"

#include <charconv>
#include <cstdio>
#include <iterator>

#include "model/operation_fields.h"

namespace veralith::model {
namespace {

// The words of each enumeration, in its order.
constexpr std::string_view kDurabilityWords[] = {"-", "commit", "interval", "manual"};
constexpr std::string_view kPartWords[] = {"put", "delete", "delete-range"};
constexpr std::string_view kMoveWords[] = {"first", "last", "next", "prev", "seek", "seek-prev"};
constexpr std::string_view kDirectionWords[] = {"forward", "backward"};
constexpr std::string_view kCallWords[] = {
    "any",  "open",   "create", "read",   "append", "write",         "truncate",
    "sync", "rename", "link",   "remove", "list",   "sync-directory"};
constexpr std::string_view kFilesWords[] = {"all", "log", "manifest", "segment", "current"};
constexpr std::string_view kEffectWords[] = {"io", "no-space", "short", "short-no-space", "late"};
static_assert(std::size(kCallWords) == kFaultCalls && std::size(kFilesWords) == kFaultFiles &&
              std::size(kEffectWords) == kFaultEffects);
constexpr std::string_view kLastingWords[] = {"once", "forever"};

bool HasKey(Move::Kind kind) {
  return kind == Move::Kind::kSeek || kind == Move::Kind::kSeekForPrev;
}

class Printer {
 public:
  std::string text;

  void Word(std::string_view word) { Space(), text += word; }
  void Number(uint64_t number) { Word(std::to_string(number)); }

  void Namespace(NamespaceId ns) { Number(ns); }
  void OnlyNamespace(const std::optional<NamespaceId>& ns) {
    ns.has_value() ? Number(*ns) : Word("*");
  }
  void OneKey(const Key& key) { Word(PrintKey(key)); }
  void End(const std::optional<Key>& end) { Word(end.has_value() ? PrintKey(*end) : "-"); }
  void Length(uint32_t length) { Number(length); }
  void Sync(Durability durability) { Word(kDurabilityWords[static_cast<int>(durability)]); }
  void Parts(std::vector<BatchPart>& parts) {
    Word("{");
    for (BatchPart& part : parts) {
      text += text.back() == '{' ? "" : ";";
      Word(kPartWords[static_cast<int>(part.kind)]);
      VisitPart(part, *this);
    }
    text += "}";
  }
  void Keys(const std::vector<Key>& keys) {
    Word("{");
    for (const Key& key : keys) {
      OneKey(key);
    }
    text += "}";
  }
  void Lower(const OperationBound& bound) {
    Word(bound.kind == OperationBound::Kind::kOpen        ? "-"
         : bound.kind == OperationBound::Kind::kInclusive ? "[" + PrintKey(bound.key)
                                                          : "(" + PrintKey(bound.key));
  }
  void Upper(const OperationBound& bound) {
    Word(bound.kind == OperationBound::Kind::kOpen        ? "-"
         : bound.kind == OperationBound::Kind::kInclusive ? PrintKey(bound.key) + "]"
                                                          : PrintKey(bound.key) + ")");
  }
  void Backward(bool backward) { Word(kDirectionWords[backward]); }
  void Limit(uint32_t limit) { Number(limit); }
  void At(const ReadPoint& at) { Word(PrintReadPoint(at)); }
  void Moves(const std::vector<Move>& moves) {
    Word("{");
    for (const Move& move : moves) {
      Word(kMoveWords[static_cast<int>(move.kind)]);
      if (HasKey(move.kind)) {
        OneKey(move.key);
      }
    }
    text += "}";
  }
  void Slot(uint32_t slot) { Number(slot); }
  void Count(uint32_t count) { Number(count); }
  void Seed(uint64_t seed) { Number(seed); }
  void Nanos(uint64_t nanos) { Number(nanos); }
  void OneFault(const Fault& fault) {
    Word(kCallWords[static_cast<int>(fault.call)]);
    Word(kFilesWords[static_cast<int>(fault.files)]);
    Number(fault.nth);
    Word(kEffectWords[static_cast<int>(fault.effect)]);
    Word(kLastingWords[fault.forever]);
  }

 private:
  void Space() {
    if (!text.empty() && text.back() != '{') {
      text += ' ';
    }
  }
};

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '*' || c == '+';
}

// Once an error is noted, everything else does nothing.
class Parser {
 public:
  explicit Parser(std::string_view line) : line_(line) {}

  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }

  void Fail(std::string_view expected) {
    if (!failed()) {
      error_ = "column " + std::to_string(at_ + 1) + ": expected " + std::string(expected);
    }
  }
  bool AtEnd() {
    SkipSpaces();
    return at_ == line_.size();
  }
  bool Take(char c) {
    SkipSpaces();
    if (failed() || at_ == line_.size() || line_[at_] != c) {
      return false;
    }
    ++at_;
    return true;
  }
  std::string_view PeekWord() {
    SkipSpaces();
    size_t end = at_;
    while (end < line_.size() && IsWordByte(line_[end])) {
      ++end;
    }
    return line_.substr(at_, end - at_);
  }
  bool TakeWord(std::string_view word) {
    if (failed() || PeekWord() != word) {
      return false;
    }
    at_ += word.size();
    return true;
  }
  // Returns the index of the word that comes next.
  template <size_t n>
  size_t OneOf(const std::string_view (&words)[n], std::string_view what) {
    const std::string_view word = PeekWord();
    for (size_t i = 0; i < n && !failed(); ++i) {
      if (word == words[i]) {
        at_ += word.size();
        return i;
      }
    }
    std::string expected(what);
    for (size_t i = 0; i < n; ++i) {
      expected.append(i == 0 ? ": " : ", ").append(words[i]);
    }
    Fail(expected);
    return 0;
  }
  uint64_t Number(std::string_view what, uint64_t limit = UINT64_MAX) {
    SkipSpaces();
    uint64_t number = 0;
    const char* begin = line_.data() + at_;
    const auto [end, code] = std::from_chars(begin, line_.data() + line_.size(), number);
    if (failed() || code != std::errc() || end == begin || number > limit) {
      Fail(std::string(what) +
           (limit == UINT64_MAX ? "" : ", a number up to " + std::to_string(limit)));
      return 0;
    }
    at_ += static_cast<size_t>(end - begin);
    return number;
  }

  void Namespace(NamespaceId& ns) { ns = Number("a namespace"); }
  void OnlyNamespace(std::optional<NamespaceId>& ns) {
    if (!TakeWord("*")) {
      ns = Number("a namespace, or * for all");
    }
  }
  void OneKey(Key& key) {
    if (Take('k')) {
      key = Key::Table(static_cast<uint32_t>(Number("the index of a key", kMaxKeyIndex)));
    } else if (Take('"')) {
      key = Key::Literal(QuotedBytes());
      if (!failed() && at_ < line_.size() && line_[at_] == '*') {
        ++at_;
        key.repeat = static_cast<uint32_t>(Number("how often the bytes repeat", kMaxKeyRepeat));
      }
    } else {
      Fail("a key, such as k3 or \"ab\"");
    }
  }
  void End(std::optional<Key>& end) {
    if (!TakeWord("-")) {
      OneKey(end.emplace());
    }
  }
  void Length(uint32_t& length) {
    length = static_cast<uint32_t>(Number("the length of a value", kMaxLength));
  }
  void Sync(Durability& durability) {
    durability = static_cast<Durability>(OneOf(kDurabilityWords, "a durability"));
  }
  void Parts(std::vector<BatchPart>& parts) {
    if (!Take('{')) {
      return Fail("{ and the parts of a batch");
    }
    while (!failed() && !Take('}')) {
      if (!parts.empty() && !Take(';')) {
        return Fail("; or }");
      }
      BatchPart& part = parts.emplace_back();
      part.kind = static_cast<BatchPart::Kind>(OneOf(kPartWords, "a part of a batch"));
      VisitPart(part, *this);
    }
  }
  void Keys(std::vector<Key>& keys) {
    if (!Take('{')) {
      return Fail("{ and keys");
    }
    while (!failed() && !Take('}')) {
      OneKey(keys.emplace_back());
    }
  }
  void Lower(OperationBound& bound) {
    if (TakeWord("-")) {
      return;
    }
    const bool inclusive = Take('[');
    if (!inclusive && !Take('(')) {
      return Fail("a lower bound: -, [key or (key");
    }
    bound.kind = inclusive ? OperationBound::Kind::kInclusive : OperationBound::Kind::kExclusive;
    OneKey(bound.key);
  }
  void Upper(OperationBound& bound) {
    if (TakeWord("-")) {
      return;
    }
    OneKey(bound.key);
    const bool inclusive = Take(']');
    if (!inclusive && !Take(')')) {
      return Fail("an upper bound: -, key] or key)");
    }
    bound.kind = inclusive ? OperationBound::Kind::kInclusive : OperationBound::Kind::kExclusive;
  }
  void Backward(bool& backward) { backward = OneOf(kDirectionWords, "a direction") == 1; }
  void Limit(uint32_t& limit) { limit = static_cast<uint32_t>(Number("a limit", UINT32_MAX)); }
  void At(ReadPoint& at) {
    if (TakeWord("now")) {
      return;
    }
    if (Take('s')) {
      at.kind = ReadPoint::Kind::kSnapshot;
      at.number = static_cast<uint32_t>(Number("a slot", kSlots - 1));
    } else if (Take('c')) {
      at.kind = ReadPoint::Kind::kCommit;
      at.number = static_cast<uint32_t>(Number("how many commits back", UINT32_MAX));
      at.difference = TakeWord("+1") ? 1 : TakeWord("-1") ? -1 : 0;
    } else {
      Fail("a moment: now, s2, c0, c3-1 or c3+1");
    }
  }
  void Moves(std::vector<Move>& moves) {
    if (!Take('{')) {
      return Fail("{ and moves");
    }
    while (!failed() && !Take('}')) {
      Move& move = moves.emplace_back();
      move.kind = static_cast<Move::Kind>(OneOf(kMoveWords, "a move"));
      if (HasKey(move.kind)) {
        OneKey(move.key);
      }
    }
  }
  void Slot(uint32_t& slot) { slot = static_cast<uint32_t>(Number("a slot", kSlots - 1)); }
  void Count(uint32_t& count) { count = static_cast<uint32_t>(Number("a count", UINT32_MAX)); }
  void Seed(uint64_t& seed) { seed = Number("a seed"); }
  void Nanos(uint64_t& nanos) { nanos = Number("nanoseconds", INT64_MAX); }
  void OneFault(Fault& fault) {
    fault.call = static_cast<Fault::Call>(OneOf(kCallWords, "a kind of call"));
    fault.files = static_cast<Fault::Files>(OneOf(kFilesWords, "which files"));
    fault.nth = static_cast<uint32_t>(Number("which call", UINT32_MAX));
    fault.effect = static_cast<Fault::Effect>(OneOf(kEffectWords, "an effect"));
    fault.forever = OneOf(kLastingWords, "how long") == 1;
  }

 private:
  void SkipSpaces() {
    while (at_ < line_.size() && line_[at_] == ' ') {
      ++at_;
    }
  }
  int HexDigit() {
    const char c = at_ < line_.size() ? line_[at_] : '\0';
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) {
      Fail("a lower-case hexadecimal digit");
      return 0;
    }
    ++at_;
    return digit;
  }
  // Reads from after the opening quote through the closing one.
  std::string QuotedBytes() {
    std::string bytes;
    while (!failed()) {
      if (at_ == line_.size()) {
        Fail("a closing quote");
      } else if (line_[at_] == '"') {
        ++at_;
        return bytes;
      } else if (line_[at_] != '\\') {
        bytes += line_[at_++];
      } else if (line_.substr(at_, 2) == "\\x") {
        at_ += 2;
        const int high = HexDigit();
        bytes += static_cast<char>(high * 16 + HexDigit());
      } else {
        Fail("\\x and two digits");
      }
    }
    return bytes;
  }

  std::string_view line_;
  size_t at_ = 0;
  std::string error_;
};

}  // namespace

std::string Quote(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
      text += c;
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\x%02x", static_cast<unsigned char>(c));
      text += escaped;
    }
  }
  return text + "\"";
}

std::string PrintKey(const Key& key) {
  if (!key.literal.has_value()) {
    return "k" + std::to_string(key.index);
  }
  return Quote(*key.literal) + (key.repeat == 1 ? "" : "*" + std::to_string(key.repeat));
}

std::string PrintReadPoint(const ReadPoint& at) {
  switch (at.kind) {
    case ReadPoint::Kind::kNow:
      return "now";
    case ReadPoint::Kind::kSnapshot:
      return "s" + std::to_string(at.number);
    case ReadPoint::Kind::kCommit:
      return "c" + std::to_string(at.number) +
             (at.difference > 0   ? "+1"
              : at.difference < 0 ? "-1"
                                  : "");
  }
  return "";
}

std::string PrintOperation(const Operation& operation) {
  Printer printer;
  printer.Word(KindName(operation.kind));
  Operation copy = operation;  // visitors take references; a printer changes nothing
  VisitFields(copy, printer);
  return printer.text;
}

bool ParseOperation(std::string_view line, Operation* operation, std::string* error) {
  *operation = {};
  Parser parser(line);
  bool known = false;
  for (int i = 0; i < kOperationKinds && !known; ++i) {
    operation->kind = static_cast<OperationKind>(i);
    known = parser.TakeWord(KindName(operation->kind));
  }
  if (!known) {
    parser.Fail("an operation, such as put, get or scan");
  }
  if (!parser.failed()) {
    VisitFields(*operation, parser);
  }
  if (!parser.failed() && !parser.AtEnd()) {
    parser.Fail("the end of the line");
  }
  *error = parser.error();
  return !parser.failed();
}

}  // namespace veralith::model
