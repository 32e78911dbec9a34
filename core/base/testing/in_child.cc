// SPDX-License-Identifier: Apache-2.0

#include "core/base/testing/in_child.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

#include "core/base/check.h"

namespace veralith {

std::string InChild(const std::function<std::string()>& body, unsigned seconds) {
  std::fflush(stdout);
  int ends[2];
  VERALITH_CHECK(pipe(ends) == 0);
  const pid_t child = fork();
  VERALITH_CHECK(child >= 0);
  if (child == 0) {
    close(ends[0]);
    alarm(seconds);
    const std::string said = body();
    const bool told = write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
    _exit(told ? 0 : 1);
  }
  close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t got; (got = read(ends[0], buffer, sizeof(buffer))) > 0;) {
    said.append(buffer, static_cast<size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  VERALITH_CHECK(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) {
    said += "the child was ended by signal " + std::to_string(WTERMSIG(status));
  } else if (WEXITSTATUS(status) != 0) {
    said += "the child ended with " + std::to_string(WEXITSTATUS(status));
  }
  return said;
}

}  // namespace veralith
