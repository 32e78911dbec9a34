# SPDX-License-Identifier: Apache-2.0

# Written by cmake/generate_sources from the BUILD files; //cmake:sources_test holds it.

# What several tests share, besides veralith::testing.
set(VERALITH_TEST_SUPPORT_SOURCES
  core/arrow/columns.cc
  core/arrow/export.cc
  core/arrow/row_reader.cc
  core/arrow/scan_stream.cc
  core/base/testing/in_child.cc
  core/compaction/testing/job_harness.cc
  core/db/testing/manifest_interpreter.cc
  core/fs/testing/intercepted_file_system.cc
  core/fs/testing/order_monitor.cc
  core/iceberg/testing/avro_value.cc
  core/iceberg/testing/table_reader.cc
  core/iterator/testing/cursor_judge.cc
  core/iterator/testing/cursor_walk.cc
  core/iterator/testing/stream_walk.cc
  core/iterator/testing/visible_model.cc
  core/iterator/testing/visible_walk.cc
  core/segment/foreign/foreign_segment.cc
  core/segment/testing/small_segments.cc
  property_tests/golden_files.cc)
veralith_test_support()
veralith_source_options(core/fs/testing/failing_calls.cc -fno-sanitize=thread)
veralith_test(core/arrow/scan_stream_test PACKAGE arrow SOURCES core/arrow/scan_stream_test.cc)
veralith_test(core/base/large_bytes_test PACKAGE base SOURCES core/base/large_bytes_test.cc)
veralith_test(core/base/byte_lanes_test PACKAGE base SOURCES core/base/byte_lanes_test.cc)
veralith_test(core/base/fork_test PACKAGE base SOURCES core/base/fork_test.cc)
veralith_test(core/base/per_thread_test PACKAGE base SOURCES core/base/per_thread_test.cc)
veralith_test(core/base/parallel_test PACKAGE base SOURCES core/base/parallel_test.cc)
veralith_test(core/base/memory_budget_test PACKAGE base SOURCES core/base/memory_budget_test.cc)
veralith_test(core/base/rate_limiter_test PACKAGE base SOURCES core/base/rate_limiter_test.cc)
veralith_test(core/base/sync_test PACKAGE base SOURCES core/base/sync_test.cc)
veralith_test(core/base/epoch_test PACKAGE base SOURCES core/base/epoch_test.cc)
veralith_test(core/base/thread_pool_executor_test PACKAGE base
  SOURCES
  core/base/testing/failing_allocations.cc
  core/base/thread_pool_executor_test.cc)
veralith_test(core/base/text_test PACKAGE base SOURCES core/base/text_test.cc)
veralith_test(core/base/testing/at_repository_root_test PACKAGE base
  SOURCES
  core/base/testing/at_repository_root.cc
  core/base/testing/at_repository_root_test.cc)
veralith_test(core/base/testing/simulated_executor_test PACKAGE base
  SOURCES
  core/base/testing/simulated_executor_test.cc)
veralith_test(core/c/c_api_test PACKAGE c SOURCES core/c/c_api_test.c)
veralith_test(core/c/c_api_coverage_test PACKAGE c
  SOURCES
  core/base/testing/at_repository_root.cc
  core/c/c_api_coverage_test.cc)
veralith_test(core/compaction/picker_test PACKAGE compaction SOURCES core/compaction/picker_test.cc)
veralith_test(core/compaction/pieces_test PACKAGE compaction SOURCES core/compaction/pieces_test.cc)
veralith_test(core/compaction/survivors_test PACKAGE compaction
  SOURCES
  core/compaction/survivors_test.cc)
veralith_test(core/compaction/jobs_test PACKAGE compaction SOURCES core/compaction/jobs_test.cc)
veralith_test(core/compaction/reclaim_test PACKAGE compaction
  SOURCES
  core/compaction/reclaim_test.cc)
veralith_test(core/db/idle_budget_test PACKAGE db SOURCES core/db/idle_budget_test.cc)
veralith_test(core/db/level0_repeats_test PACKAGE db SOURCES core/db/level0_repeats_test.cc)
veralith_test(core/db/gap_cache_test PACKAGE db SOURCES core/db/gap_cache_test.cc)
veralith_test(core/db/owner_test PACKAGE db SOURCES core/db/owner_test.cc)
veralith_test(core/db/option_table_test PACKAGE db
  SOURCES
  core/base/testing/at_repository_root.cc
  core/db/option_table_test.cc)
veralith_test(core/db/options_text_test PACKAGE db SOURCES core/db/options_text_test.cc)
veralith_test(core/db/seek_debt_test PACKAGE db SOURCES core/db/seek_debt_test.cc)
veralith_test(core/db/db_test PACKAGE db SOURCES core/db/db_test.cc)
veralith_test(core/db/idle_merges_test PACKAGE db SOURCES core/db/idle_merges_test.cc)
veralith_test(core/db/overwrites_test PACKAGE db SOURCES core/db/overwrites_test.cc)
veralith_test(core/db/background_test PACKAGE db
  SOURCES
  core/db/background_test.cc
  core/format/testing/allocation_count.cc)
veralith_test(core/db/db_threads_test PACKAGE db SOURCES core/db/db_threads_test.cc)
veralith_test(core/db/promises_test PACKAGE db SOURCES core/db/promises_test.cc)
veralith_test(core/db/listener_test PACKAGE db SOURCES core/db/listener_test.cc)
veralith_test(core/db/descriptors_test PACKAGE db SOURCES core/db/descriptors_test.cc)
veralith_test(core/db/shared_cache_test PACKAGE db SOURCES core/db/shared_cache_test.cc)
veralith_test(core/db/memory_budget_test PACKAGE db SOURCES core/db/memory_budget_test.cc)
veralith_test(core/db/kept_blocks_test PACKAGE db SOURCES core/db/kept_blocks_test.cc)
veralith_test(core/db/closed_memory_test PACKAGE db SOURCES core/db/closed_memory_test.cc)
veralith_test(core/db/publish_test PACKAGE db SOURCES core/db/publish_test.cc)
veralith_test(core/db/bad_input_test PACKAGE db SOURCES core/db/bad_input_test.cc)
veralith_test(core/db/recovery_test PACKAGE db SOURCES core/db/recovery_test.cc)
veralith_test(core/format/thrift_compact_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/thrift_compact_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/parquet_metadata_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/parquet_metadata_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/parquet_encoding_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/parquet_encoding_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/parquet_golden_test PACKAGE format
  SOURCES
  core/base/testing/at_repository_root.cc
  core/format/parquet_golden_test.cc)
veralith_test(core/format/compression_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/compression_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/parquet_bloom_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/parquet_bloom_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/segment_block_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/segment_block_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/segment_footer_test PACKAGE format
  SOURCES
  core/format/segment_footer_test.cc)
veralith_test(core/format/coding_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/coding_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/checksum_test PACKAGE format SOURCES core/format/checksum_test.cc)
veralith_test(core/format/key_hash_test PACKAGE format SOURCES core/format/key_hash_test.cc)
veralith_test(core/format/internal_key_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/internal_key_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/sparse_index_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/sparse_index_test.cc
  core/format/testing/allocation_count.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/filter_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/filter_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/range_tombstone_codec_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/range_tombstone_codec_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/log_record_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/log_record_test.cc
  core/format/testing/allocation_count.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/version_edit_test PACKAGE format
  NEEDS rapidcheck
  SOURCES
  core/format/version_edit_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/format/record_frame_test PACKAGE format SOURCES core/format/record_frame_test.cc)
veralith_test(core/fs/file_table_test PACKAGE fs SOURCES core/fs/file_table_test.cc)
veralith_test(core/fs/posix_file_system_test PACKAGE fs SOURCES core/fs/posix_file_system_test.cc)
veralith_test(core/fs/testing/power_cuts_test PACKAGE fs SOURCES core/fs/testing/power_cuts_test.cc)
veralith_test(core/fs/testing/file_system_conformance_test PACKAGE fs
  SOURCES
  core/fs/testing/failing_calls.cc
  core/fs/testing/file_system_conformance_test.cc)
veralith_test(core/fs/testing/fault_plan_test PACKAGE fs SOURCES core/fs/testing/fault_plan_test.cc)
veralith_test(core/fs/testing/simulated_file_system_test PACKAGE fs
  SOURCES
  core/fs/testing/simulated_file_system_test.cc)
veralith_test(core/fs/testing/file_system_equivalence_test PACKAGE fs
  NEEDS rapidcheck
  SOURCES
  core/fs/testing/file_system_equivalence_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/fs/testing/order_monitor_test PACKAGE fs
  SOURCES
  core/fs/testing/order_monitor_test.cc)
veralith_test(core/iceberg/position_set_test PACKAGE iceberg
  SOURCES
  core/iceberg/position_set_test.cc)
veralith_test(core/iceberg/manifest_file_test PACKAGE iceberg
  SOURCES
  core/iceberg/manifest_file_test.cc)
veralith_test(core/iceberg/table_metadata_test PACKAGE iceberg
  SOURCES
  core/iceberg/table_metadata_test.cc)
veralith_test(core/iterator/range_tombstones_test PACKAGE iterator
  NEEDS rapidcheck
  SOURCES
  core/iterator/range_tombstones_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/iterator/merging_stream_test PACKAGE iterator
  NEEDS rapidcheck
  SOURCES
  core/iterator/merging_stream_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/iterator/concatenating_stream_test PACKAGE iterator
  NEEDS rapidcheck
  SOURCES
  core/iterator/concatenating_stream_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/iterator/visible_iterator_test PACKAGE iterator
  NEEDS rapidcheck
  SOURCES
  core/iterator/visible_iterator_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/iterator/merging_cursor_test PACKAGE iterator
  NEEDS rapidcheck
  SOURCES
  core/iterator/merging_cursor_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/iterator/concatenating_cursor_test PACKAGE iterator
  NEEDS rapidcheck
  SOURCES
  core/iterator/concatenating_cursor_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/iterator/key_order_test PACKAGE iterator
  NEEDS rapidcheck
  SOURCES
  core/iterator/key_order_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/log/record_writer_test PACKAGE log
  SOURCES
  core/format/testing/allocation_count.cc
  core/log/record_writer_test.cc)
veralith_test(core/log/record_reader_test PACKAGE log
  NEEDS rapidcheck
  SOURCES
  core/log/record_reader_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/log/log_test PACKAGE log
  NEEDS rapidcheck
  SOURCES
  core/format/testing/allocation_count.cc
  core/log/log_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/manifest/file_names_test PACKAGE manifest
  SOURCES
  core/manifest/file_names_test.cc)
veralith_test(core/manifest/version_test PACKAGE manifest SOURCES core/manifest/version_test.cc)
veralith_test(core/manifest/manifest_state_test PACKAGE manifest
  NEEDS rapidcheck
  SOURCES
  core/manifest/manifest_state_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/manifest/manifest_log_test PACKAGE manifest
  SOURCES
  core/manifest/manifest_log_test.cc)
veralith_test(core/manifest/version_property_test PACKAGE manifest
  NEEDS rapidcheck
  SOURCES
  core/manifest/version_property_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/memtable/arena_test PACKAGE memtable
  SOURCES
  core/base/testing/failing_allocations.cc
  core/memtable/arena_test.cc)
veralith_test(core/memtable/memtable_test PACKAGE memtable
  NEEDS rapidcheck
  SOURCES
  core/memtable/memtable_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/memtable/memtable_allocation_test PACKAGE memtable
  SOURCES
  core/format/testing/allocation_count.cc
  core/memtable/memtable_allocation_test.cc)
veralith_test(core/memtable/memtable_threads_test PACKAGE memtable
  SOURCES
  core/memtable/memtable_threads_test.cc)
veralith_test(core/repair/repair_test PACKAGE repair SOURCES core/repair/repair_test.cc)
veralith_test(core/segment/check/segment_salvage_test PACKAGE segment
  SOURCES
  core/segment/check/segment_salvage_test.cc)
veralith_test(core/segment/check/segment_salvage_losses_test PACKAGE segment
  SOURCES
  core/segment/check/segment_salvage_losses_test.cc)
veralith_test(core/segment/foreign/foreign_segment_test PACKAGE segment
  SOURCES
  core/base/testing/at_repository_root.cc
  core/segment/foreign/foreign_segment_test.cc)
veralith_test(core/segment/page/decode_scratch_test PACKAGE segment
  SOURCES
  core/segment/page/decode_scratch_test.cc)
veralith_test(core/segment/page/key_page_test PACKAGE segment
  NEEDS rapidcheck
  SOURCES
  core/segment/page/key_page_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/segment/page/page_cache_test PACKAGE segment
  SOURCES
  core/segment/page/page_cache_test.cc)
veralith_test(core/segment/read/segment_round_trip_test PACKAGE segment
  NEEDS rapidcheck
  SOURCES
  core/segment/read/segment_round_trip_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/segment/read/segment_cursor_test PACKAGE segment
  SOURCES
  core/segment/read/segment_cursor_test.cc)
veralith_test(core/segment/read/segment_damage_test PACKAGE segment
  SOURCES
  core/format/testing/allocation_count.cc
  core/segment/read/segment_damage_test.cc)
veralith_test(core/segment/read/segment_allocation_test PACKAGE segment
  SOURCES
  core/format/testing/allocation_count.cc
  core/segment/read/segment_allocation_test.cc)
veralith_test(core/segment/read/key_index_test PACKAGE segment
  NEEDS rapidcheck
  SOURCES
  core/segment/read/key_index_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/segment/write/value_column_test PACKAGE segment
  NEEDS rapidcheck
  SOURCES
  core/segment/write/value_column_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/segment/write/segment_writer_test PACKAGE segment
  SOURCES
  core/segment/write/segment_writer_test.cc)
veralith_test(core/version_set/version_set_test PACKAGE version_set
  SOURCES
  core/version_set/version_set_test.cc)
veralith_test(core/version_set/version_set_crash_test PACKAGE version_set
  NEEDS rapidcheck
  SOURCES
  core/version_set/version_set_crash_test.cc
  third_party/rapidcheck_seed.cc)
veralith_test(core/version_set/check_ages_test PACKAGE version_set
  SOURCES
  core/version_set/check_ages_test.cc)
veralith_test(property_tests/every_reader_opens_every_format_version_test PACKAGE golden
  SOURCES
  core/base/testing/at_repository_root.cc
  property_tests/every_reader_opens_every_format_version_test.cc)
veralith_test(testing/own_format_test PACKAGE testing SOURCES testing/own_format_test.cc)
veralith_test(testing/own_database_test PACKAGE testing SOURCES testing/own_database_test.cc)
