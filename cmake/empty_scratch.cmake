# SPDX-License-Identifier: Apache-2.0

# cmake -DSCRATCH=FOLDER -DNAMES=a,b -P empty_scratch.cmake: makes FOLDER/a and FOLDER/b anew. ctest
# runs it before the tests: what an earlier run left is not theirs.
file(REMOVE_RECURSE ${SCRATCH})
string(REPLACE "," ";" names "${NAMES}")
foreach(name IN LISTS names)
  file(MAKE_DIRECTORY ${SCRATCH}/${name})
endforeach()
