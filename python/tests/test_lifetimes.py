# SPDX-License-Identifier: Apache-2.0
"""Objects that outlive each other, closed databases, threads, and memory that comes back."""

import gc
import resource
import subprocess
import sys
import textwrap
import threading

import pytest

import veralith


def run(script, path):
    """Runs Python with `path` in a process of its own; a hang is a failure. Returns its output."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=path.parent,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_calls_after_close_are_errors(path):
    db = veralith.open(path)
    db[b"a"] = b"1"
    scan = db.items()
    snapshot = db.snapshot()
    batch = db.batch()
    batch[b"b"] = b"1"
    seven = db.namespace(7)
    db.close()
    db.close()
    assert db.closed
    for call in (
        lambda: db[b"a"],
        lambda: b"a" in db,
        lambda: db.put(b"a", b"1"),
        lambda: seven.put(b"a", b"1"),
        lambda: db.delete(b"a"),
        lambda: db.delete_range(b"a", None),
        lambda: db.get_view(b"a"),
        lambda: db.get_many([b"a"]),
        lambda: list(db),
        lambda: list(scan),
        lambda: scan.count(),
        lambda: snapshot[b"a"],
        lambda: list(snapshot),
        lambda: batch.commit(),
        db.sync,
        db.flush,
        db.compact,
        db.check,
        db.resume,
        db.wait_for_background_work,
        lambda: db.checkpoint(path / "copy"),
        lambda: db.advance_clock(1),
    ):
        with pytest.raises(veralith.FailedPrecondition):
            call()
    snapshot.release()
    assert db.last_timestamp > 0
    assert db.statistics()["commits"] == 1


@pytest.mark.parametrize("read_before", [0, 1, 5, 3000])
def test_an_iteration_after_close_is_an_error(path, read_before):
    with veralith.open(path) as db:
        db.update((b"%05d" % i, b"") for i in range(4000))
        rows = iter(db.items())
        for _ in range(read_before):
            next(rows)
    for _ in range(2):
        with pytest.raises(veralith.FailedPrecondition):
            next(rows)


def test_a_view_outlives_everything(path):
    views = []
    with veralith.open(path) as db:
        for size in (0, 1, 256, 257, 100_000):
            db[b"%d" % size] = bytes([size % 251]) * size
        views += [db.get_view(key) for key in sorted(db)]
        db.flush()
        db.compact()
        views += [db.get_view(key) for key in sorted(db)]
        db.update((b"%d" % i, b"other") for i in range(1000))
        db.delete_range(b"", None)
        db.compact()
    del db
    gc.collect()
    assert sorted(map(len, views)) == sorted([0, 1, 256, 257, 100_000] * 2)
    for view in views:
        assert bytes(view) == bytes([len(view) % 251]) * len(view)
        assert view.readonly
        with pytest.raises(TypeError):
            view[0:0] = b""


def test_a_snapshot_outlives_its_database(path):
    def made():
        db = veralith.open(path)
        db[b"a"] = b"1"
        return db.snapshot()

    snapshot = made()
    gc.collect()
    assert snapshot[b"a"] == b"1"
    with pytest.raises(veralith.FailedPrecondition):
        veralith.open(path)  # it is open as long as the snapshot lives
    del snapshot
    gc.collect()
    veralith.open(path).close()


def test_an_iteration_outlives_its_database(path):
    def made():
        db = veralith.open(path)
        db.update((b"%05d" % i, b"") for i in range(5000))
        return iter(db)

    rows = made()
    gc.collect()
    assert sum(1 for _ in rows) == 5000
    del rows
    gc.collect()
    veralith.open(path).close()


def test_a_dropped_database_is_closed(path):
    for i in range(20):
        db = veralith.open(path)
        db[b"%d" % i] = b""
        del db
        gc.collect()
    with veralith.open(path) as db:
        assert db.items().count() == 20


def test_dropped_readers_hold_nothing(db, path):
    db.update((b"%05d" % i, b"v" * 100) for i in range(2000))
    db.flush()
    for _ in range(50):
        next(iter(db.items()))
        db.snapshot()
        db.items(snapshot=db.snapshot())
        db.items().__arrow_c_stream__()
        db.get_view(b"00001")
    gc.collect()
    assert db.statistics()["live_snapshots"] == 0
    db.delete_range(b"", None)
    db.compact()
    db.wait_for_background_work()
    assert list(path.glob("*.parquet")) == []  # no reader holds a file


def test_memory_comes_back(db):
    db.update((b"%05d" % i, b"v" * 1000) for i in range(1000))
    db.flush()
    key = b"00500"
    references = sys.getrefcount(key)

    def work():
        for _ in range(100):
            for _ in db.items_with_timestamps():
                pass
            db.items().__arrow_c_stream__()
            with db.batch() as batch:
                batch.put(key, b"v" * 50_000)
                batch.clear()
            for _ in range(100):
                assert len(db.get_view(key)) == len(db[key]) == 1000
                with pytest.raises(KeyError):
                    db[b"none"]
            db.statistics()

    work()
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work()
    gc.collect()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 8_000, f"{grown} KiB are lost; one reader's rows are 100,000"
    assert sys.getrefcount(key) == references


def test_the_interpreter_ends_with_everything_open(path):
    run(
        """
        import sys, veralith
        db = veralith.open(sys.argv[1])
        db.update((b"%05d" % i, b"v") for i in range(1000))
        rows, snapshot, view = iter(db.items()), db.snapshot(), db.get_view(b"00001")
        next(rows)
        stream = db.items().__arrow_c_stream__()
        """,
        path,
    )
    with veralith.open(path) as db:
        assert db.items().count() == 1000


def test_a_forked_child_gets_errors(path):
    printed = run(
        """
        import os, sys, veralith
        db = veralith.open(sys.argv[1])
        db[b"a"] = b"1"
        rows = iter(db.items())
        child = os.fork()
        if child == 0:
            for call in (lambda: db[b"a"], lambda: db.put(b"a", b"2"), lambda: next(rows)):
                try:
                    call()
                    os._exit(1)
                except veralith.FailedPrecondition:
                    pass
            sys.exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        db[b"b"] = b"2"
        print(len(list(rows)), sorted(db))
        """,
        path,
    )
    assert printed.splitlines() == ["0", "1 [b'a', b'b']"]


def test_calls_that_wait_run_without_the_gil(path):
    # While background work is paused, flush waits. If it held the GIL, nobody could end the pause.
    printed = run(
        """
        import sys, threading, veralith
        with veralith.open(sys.argv[1]) as db:
            db[b"a"] = b"1"
            db.pause_background_work()
            flush = threading.Thread(target=db.flush)
            flush.start()
            flush.join(0.2)
            print(flush.is_alive())
            db.continue_background_work()
            flush.join()
            print(db.statistics()["flushes"])
        """,
        path,
    )
    assert printed.splitlines() == ["True", "1"]


def test_a_batch_is_used_by_one_thread(path):
    # With background work paused and no room in memory, the write waits with its batch.
    with veralith.open(path, write_buffer_bytes=1024) as db:
        db.pause_background_work()
        batches = []

        def write():
            while True:
                batch = db.batch()
                batches.append(batch)
                batch[b"a"] = b"v" * 1000
                batch.commit()
                if db.closed or len(batches) > 50:
                    break

        writer = threading.Thread(target=write)
        writer.start()
        while not (batches and batches[-1].timestamp is None and stuck(batches)):
            pass
        with pytest.raises(veralith.FailedPrecondition, match="another thread"):
            batches[-1].put(b"b", b"")
        with pytest.raises(veralith.FailedPrecondition, match="another thread"):
            batches[-1].commit()
        db.continue_background_work()
        writer.join()
        assert len(batches) > 50


def stuck(batches):
    """Whether the newest batch is the same one for a while."""
    newest = batches[-1]
    threading.Event().wait(0.2)
    return batches[-1] is newest and newest.timestamp is None


def test_threads_read_and_write_together(db):
    def work(thread):
        for i in range(300):
            db[b"%d %d" % (thread, i)] = b"%d" % i
            assert db[b"%d %d" % (thread, i)] == b"%d" % i
            assert db.items(prefix=b"%d " % thread).count() == i + 1
            if i % 50 == 0:
                db.flush()

    failed = []

    def guarded(thread):
        try:
            work(thread)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert db.items().count() == 1200


def test_an_iterator_shared_by_threads_gives_each_row_once(db):
    db.update((b"%05d" % i, b"") for i in range(20_000))
    rows = iter(db.keys())
    seen = [[] for _ in range(4)]

    def work(mine):
        while True:
            try:
                mine.append(next(rows))
            except StopIteration:
                return
            except veralith.FailedPrecondition:
                pass  # another thread was at it

    threads = [threading.Thread(target=work, args=(mine,)) for mine in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key for mine in seen for key in mine) == [b"%05d" % i for i in range(20_000)]


def test_closing_while_others_read(path):
    db = veralith.open(path)
    db.update((b"%05d" % i, b"v" * 300) for i in range(5000))
    failed = []

    def work():
        try:
            while True:
                for _ in db.items():
                    pass
        except veralith.FailedPrecondition:
            pass
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    threading.Event().wait(0.1)
    db.close()
    for thread in threads:
        thread.join()
    assert failed == []
