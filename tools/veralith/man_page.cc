// SPDX-License-Identifier: Apache-2.0

// The man page, from the table of commands.
#include <string>

#include "core/base/text.h"
#include "tools/veralith/help.h"
#include "veralith/version.h"

namespace veralith::tools {
namespace {

// Returns text for a line of roff that begins with it or contains it.
std::string Roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
      out.append("\\&").push_back(c);
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '`') {
      out += "\\(ga";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// Returns paragraphs; lines that begin with two spaces stay unchanged.
std::string RoffParagraphs(std::string_view text) {
  std::string out;
  bool literal = false;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with("  ") != literal) {
      literal = !literal;
      out += literal ? ".nf\n" : ".fi\n";
    }
    out += line.empty() ? ".PP\n" : Roff(line) + "\n";
  }
  return out + (literal ? ".fi\n" : "");
}

std::string RoffFlag(const Flag& flag) {
  std::string out = ".TP\n";
  if (flag.letter != 0) {
    StrAppend(&out, "\\fB\\-", flag.letter, "\\fR, ");
  }
  StrAppend(&out, "\\fB\\-\\-", Roff(flag.name), "\\fR");
  if (!flag.is_switch()) {
    StrAppend(&out, " \\fI", Roff(flag.value), "\\fR");
  }
  StrAppend(&out, "\n", Roff(flag.help));
  for (size_t i = 0; i < flag.choices.size(); ++i) {
    StrAppend(&out, i == 0 ? ": " : ", ", Roff(flag.choices[i]));
  }
  return out + "\n";
}

std::string RoffCommand(const Command& command) {
  std::string out =
      StrCat(".SS ", Roff(Synopsis(command).substr(9)), "\n", Roff(command.summary), ".\n");
  if (!command.details.empty()) {
    StrAppend(&out, ".PP\n", RoffParagraphs(command.details));
  }
  for (const Flag& flag : command.flags) {
    out += RoffFlag(flag);
  }
  if (!command.no.empty()) {
    StrAppend(&out, ".PP\nExit code 1: ", Roff(command.no), ".\n");
  }
  if (!command.examples.empty()) {
    out += ".PP\nFor example:\n.PP\n.nf\n.RS\n";
    for (const std::string_view example : command.examples) {
      StrAppend(&out, Roff(example), "\n");
    }
    out += ".RE\n.fi\n";
  }
  return out;
}

}  // namespace

std::string ManPage() {
  std::string out = StrCat(
      ".\\\" Made by `veralith man` from the table of commands.\n"
      ".TH VERALITH 1 \"\" \"veralith ",
      kVersion,
      "\" \"User Commands\"\n"
      ".SH NAME\nveralith \\- works on a Veralith database, a directory\n"
      ".SH SYNOPSIS\n\\fBveralith\\fR \\fICOMMAND\\fR \\fIARGUMENT\\fR... [\\fIOPTION\\fR...]\n"
      ".SH DESCRIPTION\n"
      "Veralith is an embedded, ordered key\\-value store. This command loads, reads, writes, "
      "checks, "
      "copies and repairs one database. \\fB\\-\\-\\fR ends the options: what follows is an "
      "argument, "
      "even if it begins with \\-. Every command has \\fB\\-\\-help\\fR.\n"
      ".SH COMMANDS\n");
  for (const Command& command : AllCommands()) {
    out += RoffCommand(command);
  }
  return out +
         ".SH EXIT STATUS\n"
         ".TP\n\\fB0\\fR\nsuccess\n"
         ".TP\n\\fB1\\fR\nthe key is absent (get), damage was found (check), or something was lost "
         "(repair)\n"
         ".TP\n\\fB2\\fR\nwrong usage\n"
         ".TP\n\\fB3\\fR\nthe database or the disk returned an error\n";
}

}  // namespace veralith::tools
