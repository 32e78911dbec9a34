#include "tools/input.h"

#include <cstdio>
#include <utility>

#include "core/base/status.h"
#include "core/base/text.h"
#include "core/base/types.h"

namespace veralith::tools {
namespace {

constexpr std::string_view kPackageField = "Package: ";

}  // namespace

absl::StatusOr<InputFormat> ParseInputFormat(const std::string& name) {
  if (name == "auto") return InputFormat::kAuto;
  if (name == "tsv") return InputFormat::kTsv;
  if (name == "stanzas") return InputFormat::kStanzas;
  if (name == "lines") return InputFormat::kLines;
  return InvalidArgument("unknown format \"" + name + "\"; there are auto, tsv, stanzas, lines");
}

InputReader::InputReader(std::istream& stream, std::string name, InputFormat format)
    : stream_(stream), name_(std::move(name)), format_(format) {
  if (format_ == InputFormat::kAuto) {
    has_peeked_ = ReadLine(&peeked_);
    --line_number_;
    format_ = peeked_.starts_with(kPackageField)              ? InputFormat::kStanzas
              : peeked_.find('\t') != std::string::npos ? InputFormat::kTsv
                                                        : InputFormat::kLines;
    if (!has_peeked_) {
      ++line_number_;
    }
  }
}

bool InputReader::ReadLine(std::string* line) {
  if (std::exchange(has_peeked_, false)) {
    *line = std::move(peeked_);
    ++line_number_;
    return true;
  }
  if (!std::getline(stream_, *line)) {
    return false;
  }
  ++line_number_;
  bytes_read_ += line->size() + 1;
  return true;
}

absl::Status InputReader::Fault(const std::string& what) const {
  return InvalidArgument(name_ + " line " + std::to_string(line_number_) + ": " + what);
}

absl::Status InputReader::CheckEntry(const std::string& key, const std::string& value) const {
  const auto check = [&](const char* what, size_t bytes, size_t limit) {
    return bytes <= limit ? absl::OkStatus()
                          : Fault(StrCat(what, " of ", bytes, " bytes is over the limit of ", limit,
                                         " bytes"));
  };
  VERALITH_RETURN_IF_ERROR(check("a key", key.size(), kMaxKeyBytes));
  return check("a value", value.size(), kMaxValueBytes);
}

absl::StatusOr<bool> InputReader::NextStanza(std::string* key, std::string* value) {
  key->clear();
  value->clear();
  std::string line;
  bool has_package = false;
  while (ReadLine(&line)) {
    if (line.empty()) {
      if (value->empty()) {
        continue;
      }
      break;
    }
    if (line.starts_with(kPackageField)) {
      *key = line.substr(kPackageField.size());
      has_package = true;
    }
    value->append(line).push_back('\n');
  }
  if (value->empty()) {
    return false;
  }
  if (!has_package) {
    return Fault("a stanza without a Package field ends here");
  }
  return true;
}

absl::StatusOr<bool> InputReader::Next(std::string* key, std::string* value) {
  bool found = false;
  if (format_ == InputFormat::kStanzas) {
    VERALITH_ASSIGN_OR_RETURN(found, NextStanza(key, value));
  } else {
    std::string line;
    found = ReadLine(&line);
    if (found && format_ == InputFormat::kTsv) {
      const size_t tab = line.find('\t');
      if (tab == std::string::npos) {
        return Fault("expected key<TAB>value");
      }
      *key = line.substr(0, tab);
      *value = line.substr(tab + 1);
    } else if (found) {
      char number[32];
      std::snprintf(number, sizeof(number), ":%010llu",
                    static_cast<unsigned long long>(line_number_));
      *key = name_ + number;
      *value = std::move(line);
    }
  }
  if (stream_.bad()) {
    return Unavailable(name_ + ": read error after " + std::to_string(bytes_read_) + " bytes");
  }
  return found;
}

}  // namespace veralith::tools
