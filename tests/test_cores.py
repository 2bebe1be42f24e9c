import os
import threading

import pytest

from gilscope.cores import cgroup_quota, pinned, usable_cores

pins = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot pin threads")


def test_usable_cores_are_some_of_those_present():
    assert usable_cores() == sorted(set(usable_cores()))
    assert 1 <= len(usable_cores()) <= os.cpu_count()


def test_without_affinity_all_cores_are_usable(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert usable_cores() == list(range(os.cpu_count()))


@pins
def test_pinned_is_for_the_calling_thread_and_for_a_while():
    before, others = usable_cores(), []
    with pinned(before[-1]) as where:
        assert where == {before[-1]}
        assert usable_cores() == [before[-1]]
        assert os.sched_getaffinity(threading.main_thread().native_id) == {before[-1]}
    assert usable_cores() == before

    def elsewhere():
        with pinned([before[0]]):
            others.append(os.sched_getaffinity(threading.main_thread().native_id))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert others == [set(before)]


@pins
def test_pinned_lets_go_after_an_error():
    before = usable_cores()
    with pytest.raises(ZeroDivisionError), pinned(before[0]):
        raise ZeroDivisionError
    assert usable_cores() == before


def test_pinned_says_when_it_cannot(monkeypatch):
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    with pinned(usable_cores()[0]) as where:
        assert where is None


@pytest.mark.parametrize("cores", [[], 4096, [0, 4096], -1])
def test_pinned_only_to_usable_cores(cores):
    with pytest.raises(ValueError, match="cores must be some of"), pinned(cores):
        pass


class Proc:
    """Files as Linux shows them, with the hierarchy mounted where a test may write."""

    def __init__(self, path):
        self.path, self.mount = path, path / "mount"

    def write(self, cgroup, mountinfo):
        (self.path / "cgroup").write_text(cgroup)
        (self.path / "mountinfo").write_text(f"22 1 8:1 / / rw - ext4 /dev/root rw\n{mountinfo}\n")

    def v2(self, group, root="/"):
        self.write(f"0::{group}\n", f"30 25 0:26 {root} {self.mount} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate")

    def v1(self, group):
        mounts = [
            f"33 25 0:29 / {self.path}/elsewhere rw - cgroup cgroup rw,cpuset",
            f"34 25 0:30 / {self.mount} rw - cgroup cgroup rw,cpu,cpuacct",
        ]
        self.write(f"4:cpuset:/\n3:cpu,cpuacct:{group}\n0::/\n", "\n".join(mounts))

    def limit(self, group, **files):
        folder = self.mount / group
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(f"{text}\n")


@pytest.fixture
def proc(tmp_path):
    return Proc(tmp_path)


def test_quota_of_version_2_is_the_tightest_around(proc):
    proc.v2("/a/b")
    proc.limit("a/b", cpu__max="400000 100000")
    proc.limit("a", cpu__max="150000 100000")
    assert cgroup_quota(proc.path) == 1.5


def test_quota_in_a_container_that_sees_only_its_own_group(proc):
    proc.v2("/docker/1234", root="/docker/1234")
    proc.limit("", cpu__max="50000 100000")
    assert cgroup_quota(proc.path) == 0.5


def test_quota_in_a_container_that_sees_another_group(proc):
    proc.v2("/elsewhere", root="/docker/1234")
    proc.limit("", cpu__max="50000 100000")
    assert cgroup_quota(proc.path) == 0.5


def test_no_quota_in_version_2(proc):
    proc.v2("/a")
    proc.limit("a", cpu__max="max 100000")
    assert cgroup_quota(proc.path) is None


def test_quota_of_version_1(proc):
    proc.v1("/a/b")
    proc.limit("a/b", cpu__cfs_quota_us=-1, cpu__cfs_period_us=100000)
    proc.limit("a", cpu__cfs_quota_us=200000, cpu__cfs_period_us=100000)
    proc.limit("", cpu__cfs_quota_us=-1, cpu__cfs_period_us=100000)
    proc.limit("../elsewhere", cpu__cfs_quota_us=1, cpu__cfs_period_us=100000)  # another controller's
    assert cgroup_quota(proc.path) == 2.0


def test_no_quota_where_there_are_no_groups(tmp_path):
    assert cgroup_quota(tmp_path) is None


def test_quota_here():
    quota = cgroup_quota()
    assert quota is None or quota > 0
