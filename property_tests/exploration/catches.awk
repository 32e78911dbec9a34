# SPDX-License-Identifier: Apache-2.0
# Of property_tests/exploration/catches. Reads patches, logs of tests, and docs/HAZARDS.md; prints the
# document with the figures of the logs, and to stderr what the checks said.

# "Without CURRENT the database is taken for empty." as the document has it.
function plain(text) {
  gsub(/`/, "", text)
  sub(/\.$/, "", text)
  return tolower(substr(text, 1, 1)) substr(text, 2)
}

# The check and where it found the fault, from what a test printed: "campaign, seed 4".
function found_by(text,   at, sequence) {
  if (match(text, /^campaign --weather=faults --seed=[0-9]+/)) {
    return "campaign, seed " substr(text, 34, RLENGTH - 33)
  }
  if (match(text, /^(rot|deletions|long histories): seed [0-9]+/)) {
    at = index(text, ":")
    return substr(text, 1, at - 1) "," substr(text, at + 1, RLENGTH - at)
  }
  if (match(text, /^memory: allocation [0-9]+/)) {
    return "memory, request " substr(text, 20, RLENGTH - 19)
  }
  if (text ~ /^exploration: /) {
    sequence = substr(text, 14)
    sequence = substr(sequence, 1, index(sequence, ":") - 1)
    return sequence == "" ? "exploration, the first opening" : "exploration, `" sequence "`"
  }
  if (match(text, /schedules in all; schedules [|] [^|]+ [|]/)) {
    at = substr(text, RSTART + 30, RLENGTH - 32)
    match(text, /FOUND after [0-9]+/)
    return "schedules of \"" at "\", " substr(text, RSTART + 12, RLENGTH - 12)
  }
  return substr(text, 1, index(text, ":") - 1)
}

# Prints `text` in lines of at most 120 columns. Code between backquotes is not broken if it fits.
function print_wrapped(text,   words, n, i, line, word, ticks) {
  n = split(text, words, " ")
  line = "  -"
  word = ""
  for (i = 2; i <= n; ++i) {
    word = word (word == "" ? "" : " ") words[i]
    ticks = gsub(/`/, "`", word)
    if (ticks % 2 == 1 && i < n) {
      continue
    }
    if (length(line) + 1 + length(word) > 120) {
      print line
      line = "   "
    }
    line = line " " word
    word = ""
  }
  print line
}

# The name of the fault that the entry's words begin with.
function fault_of(words,   name, best, longest) {
  words = plain(words)
  for (name in sentence) {
    if (index(words, sentence[name]) == 1 && length(sentence[name]) > longest) {
      longest = length(sentence[name])
      best = name
    }
  }
  return best
}

# Ends the item that is read: "  - broken: ..." or "  - caught: ...".
function end_item(   words) {
  if (item ~ /^  - broken: /) {
    fault = fault_of(substr(item, 13))
    if (fault == "") {
      print "no patch begins with: " substr(item, 13) >"/dev/stderr"
    }
  } else if (item ~ /^  - caught: / && (fault in seconds)) {
    words = item
    sub(/^  - caught: [^`:]*(`[^`]*`)?[^:]*: /, "", words)
    sub(/; <?[0-9.]+ s$/, "", words)
    item = "  - caught: " by[fault] ": " words "; " (seconds[fault] < 0.01 ? "<0.01" : seconds[fault]) " s"
    printf "%s\n  entry: %s\n  said:  %s\n", fault, words, substr(said[fault], 1, 300) >"/dev/stderr"
    written[fault] = 1
  }
  if (item != "") {
    print_wrapped(item)
  }
  item = ""
}

FILENAME ~ /\.patch$/ {
  if (FNR == 1) {
    name = FILENAME
    gsub(/.*\/|\.patch$/, "", name)
    sentence[name] = plain($0)
  }
  next
}
FILENAME !~ /HAZARDS\.md$/ {
  if (match($0, /^hazard [A-Za-z0-9_]+: [0-9.]+ s: /)) {
    name = $2
    sub(/:$/, "", name)
    if (!(name in seconds) || $3 + 0 < seconds[name] + 0) {
      seconds[name] = $3
    }
    said[name] = substr($0, RLENGTH + 1)
    by[name] = found_by(said[name])
  } else if (sub(/^explorer: died by signal [0-9]+ in schedule /, "")) {
    by[name] = "schedules, `" $0 "`"  # of the engine named last
  }
  next
}
/^  - (broken|caught): / {
  end_item()
  item = $0
  next
}
item != "" && /^    / {
  sub(/^ +/, " ")
  item = item $0
  next
}
{
  end_item()
  sub(/last measured on [0-9-]+/, "last measured on " day)
  print
}
END {
  end_item()
  for (name in seconds) {
    if (!(name in written)) {
      print name " has no entry" >"/dev/stderr"
    }
  }
}
