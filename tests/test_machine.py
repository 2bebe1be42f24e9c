"""Facts about the machine, on a made-up one and on this one."""

import gc
import json
import os
import re
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from gilscope import machine as module
from gilscope.machine import FACTS, SPOILERS, Usage, available_memory, machine, queued_ns, spoilers, steal_seconds, usage

STAT = "cpu  100 0 100 700 0 0 0 100 0 0\ncpu0 1 2 3\nintr 1\n"
MEMINFO = "MemTotal:  4000 kB\nMemFree:  1000 kB\nMemAvailable:   2000 kB\n"
CPUINFO = "processor\t: 0\nmodel name\t: Abacus 9\nflags\t\t: fpu hypervisor sse2\n\nprocessor\t: 1\n"


@pytest.fixture
def made_up(tmp_path, monkeypatch):
    """Return a function that fills the /proc and /sys of a machine that describes itself only by that."""
    monkeypatch.setattr(module, "_PROC", tmp_path / "proc")
    monkeypatch.setattr(module, "_SYS", tmp_path / "sys")

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


def test_everything_is_json_and_named():
    facts = machine({"compiler": "gcc 12", "isa": "avx2"})
    assert list(facts) == [*FACTS, "native"]
    assert facts["native"] == {"compiler": "gcc 12", "isa": "avx2"}
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert isinstance(facts["gil"], bool)
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert 1 <= facts["cores_usable"] <= facts["cores_present"]
    assert facts["available_memory_bytes"] > 0
    assert all(each["file"] and each["num_threads"] for each in facts["libraries"])


def test_it_says_nothing_about_whose_machine_it_is(monkeypatch):
    monkeypatch.setenv("OMP_TOOL_LIBRARIES", "/somewhere/secretuser/lib.so")
    monkeypatch.setenv("NUMBA_CACHE_DIR", r"C:\Users\secretuser")
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("SECRET", "secretuser")
    text = json.dumps(machine())
    assert "secretuser" not in text
    assert "/" not in text
    assert str(Path.home()) not in text


def test_variables_that_matter_are_recorded(monkeypatch):
    wanted = {"OMP_NUM_THREADS": "1", "PYTHON_GIL": "0", "NPY_DISABLE_CPU_FEATURES": "AVX2", "PYTHONMALLOC": "malloc"}
    unwanted = {"OMP", "PYTHONPATH", "PYTHONMALLOCSTATS", "MKLROOT", "XOMP_NUM_THREADS"}
    for name, value in {**wanted, **dict.fromkeys(unwanted, "x")}.items():
        monkeypatch.setenv(name, value)
    found = machine()["environment"]
    assert wanted.items() <= found.items()
    assert not found.keys() & unwanted


@pytest.mark.parametrize("enabled", [True, False])
def test_the_gil_is_what_the_interpreter_says(monkeypatch, enabled):
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: enabled, raising=False)
    assert machine()["gil"] is enabled


def test_without_a_way_to_ask_the_gil_is_on(monkeypatch):
    monkeypatch.delattr(sys, "_is_gil_enabled", raising=False)
    assert machine()["gil"] is True


def test_linux_describes_itself(made_up):
    made_up(
        {
            "proc/cpuinfo": CPUINFO,
            "proc/stat": STAT,
            "proc/meminfo": MEMINFO,
            "sys/kernel/mm/transparent_hugepage/enabled": "always madvise [never]\n",
            "sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet\n",
            "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave\n",
        }
    )
    facts = machine()
    expected = {
        "cpu": "Abacus 9",
        "hypervisor": True,
        "steal_fraction": 0.1,
        "memory_bytes": 4000 * 1024,
        "available_memory_bytes": 2000 * 1024,
        "transparent_hugepages": "never",
        "clocksource": "hpet",
        "governor": "powersave",
    }
    assert expected.items() <= facts.items()


@pytest.mark.parametrize(
    ("cpuinfo", "cpu", "hypervisor"),
    [
        ("model name : X\nflags : fpu\n", "X", False),
        ("processor : 0\nFeatures : fp asimd\n\nModel : Raspberry Pi 5\n", "Raspberry Pi 5", None),
        ("cpu family : 6\ncpu : POWER9\n", "POWER9", None),
    ],
)
def test_processors_of_other_makes(made_up, cpuinfo, cpu, hypervisor):
    made_up({"proc/cpuinfo": cpuinfo})
    assert (module._cpu(), module._hypervisor()) == (cpu, hypervisor)


def test_elsewhere_than_on_linux_it_says_less(made_up, monkeypatch):
    made_up({})
    for name in ("sched_setaffinity", "getloadavg", "sysconf"):
        monkeypatch.delattr(os, name, raising=False)
    facts = machine()
    unknown = ("hypervisor", "steal_fraction", "load_average", "clocksource", "governor", "memory_bytes")
    assert [facts[name] for name in unknown] == [None] * 6
    assert facts["can_pin"] is False
    assert facts["cpu"]
    assert available_memory() == 2**30
    assert steal_seconds() == 0.0
    assert spoilers(facts)


def test_a_numpy_without_the_private_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy._core._multiarray_umath", SimpleNamespace())
    assert module._numpy_cpu_features() == []


# Memory


def test_half_of_what_is_installed_where_free_memory_is_unknown(made_up, monkeypatch):
    made_up({})
    monkeypatch.setattr(module, "_installed", lambda: 1000)
    assert available_memory() == 500


V2 = {"memory.max": "1000", "memory.current": "900", "memory.stat": "anon 1\ninactive_file 300\nactive_file 5\n"}
V1 = {
    "memory.limit_in_bytes": "1000",
    "memory.usage_in_bytes": "900",
    "memory.stat": "inactive_file 1\ntotal_inactive_file 200\n",
}


@pytest.mark.parametrize(
    ("lines", "folder", "files", "left"),
    [
        ("0::/a/b", "a/b", V2, 400),
        ("0::/a/b", "a", V2, 400),
        ("0::/a/b", "", V2, 400),
        ("0::/of/the/host", "", V2, 400),
        ("0::/", "", V2, 400),
        ("0::/a", "a", {**V2, "memory.max": "max"}, 2000 * 1024),
        ("0::/a", "a", {**V2, "memory.current": "5000"}, 0),
        ("0::/a", "a", {key: V2[key] for key in ("memory.max", "memory.current")}, 100),
        ("3:cpu:/a\n4:memory:/a/b\n0::/", "memory/a/b", V1, 300),
        ("4:memory:/a/b", "memory", V1, 300),
        ("4:memory:/a", "memory/a", {**V1, "memory.limit_in_bytes": "9223372036854771712"}, 2000 * 1024),
    ],
)
def test_memory_is_limited_by_the_control_group(made_up, lines, folder, files, left):
    made_up({"proc/meminfo": MEMINFO, "proc/self/cgroup": lines + "\n"})
    made_up({f"sys/fs/cgroup/{folder}/{name}": text + "\n" for name, text in files.items()})
    assert available_memory() == left


def test_the_tightest_group_counts(made_up):
    made_up({"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/a/b\n"})
    for folder, limit in {"a/b": "1000", "a": "950"}.items():
        made_up({f"sys/fs/cgroup/{folder}/{name}": text for name, text in {**V2, "memory.max": limit}.items()})
    assert available_memory() == 350


# Usage


def test_usage_adds_up_and_subtracts():
    before, after = Usage(1.0, 10, 2, 3), Usage(1.5, 14, 5, 3)
    assert after - before == Usage(0.5, 4, 3, 0)
    assert sum([after - before] * 2, Usage()) == Usage(1.0, 8, 6, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts faults for a thread")
def test_a_fault_is_seen_by_the_thread_that_makes_it():
    import mmap

    pages = 64

    def touch():
        before = usage(thread=True)
        # No garbage collection, whose faults would count too.
        with mmap.mmap(-1, pages * mmap.PAGESIZE) as memory:
            memory.madvise(mmap.MADV_NOHUGEPAGE)
            for at in range(0, len(memory), mmap.PAGESIZE):
                memory[at] = 1
        found.append(usage(thread=True) - before)

    found = []
    worker = threading.Thread(target=touch)
    gc.collect()
    before = usage(thread=False), usage(thread=True)
    worker.start()
    worker.join()
    process = usage(thread=False) - before[0]
    assert found[0].minor_faults >= pages
    assert process.minor_faults >= found[0].minor_faults
    assert usage(thread=True).voluntary_switches >= before[1].voluntary_switches


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts switches for a thread")
def test_a_wait_is_a_voluntary_switch_of_the_thread_that_waits():
    before = usage(thread=True)
    threading.Event().wait(0.001)
    assert (usage(thread=True) - before).voluntary_switches >= 1


def test_processor_time_is_time_that_was_spent():
    before = usage(thread=True), usage(thread=False)
    while (spent := usage(thread=True) - before[0]).cpu_seconds < 0.02:  # ends as soon as any clock has moved that far
        pass
    assert spent.cpu_seconds >= 0.02
    assert (usage(thread=False) - before[1]).cpu_seconds > 0


def test_without_the_resource_module_only_time_is_known(monkeypatch):
    monkeypatch.setattr(module, "resource", None)
    for thread in (True, False):
        found = usage(thread)
        assert found == Usage(found.cpu_seconds)
        assert found.cpu_seconds > 0


@pytest.mark.parametrize("thread", [True, False])
def test_each_count_is_in_its_place(monkeypatch, thread):
    used = {"me": SimpleNamespace(ru_minflt=1, ru_nvcsw=2, ru_nivcsw=3, ru_stime=0.5), "others": None}
    who = {"RUSAGE_THREAD": "others", "RUSAGE_SELF": "others", "RUSAGE_THREAD" if thread else "RUSAGE_SELF": "me"}
    monkeypatch.setattr(module, "resource", SimpleNamespace(getrusage=used.get, **who))
    found = usage(thread)
    assert found == Usage(found.cpu_seconds, 1, 2, 3, 0.5)


def test_where_threads_are_not_counted_the_process_is_not_taken_for_one(monkeypatch):
    monkeypatch.delattr(module.resource, "RUSAGE_THREAD", raising=False)
    assert usage(thread=True).minor_faults == 0


def test_steal_is_in_seconds(made_up):
    made_up({"proc/stat": STAT})
    assert steal_seconds() == 100 / os.sysconf("SC_CLK_TCK")


def test_a_stat_without_steal_is_no_error(made_up):
    made_up({"proc/stat": ""})
    assert steal_seconds() == 0.0


# Spoilers

CLEAN = {
    "cores_usable": 4,
    "cores_quota": None,
    "can_pin": True,
    "load_average": [0.1, 3.0, 3.0],
    "steal_fraction": 0.001,
    "governor": "performance",
    "gil": True,
    "switch_interval_seconds": 0.005,
    "libraries": [{"user_api": "blas", "num_threads": 1}, {"user_api": "openmp", "num_threads": 2}],
    "debug_build": False,
    "traced": False,
    "transparent_hugepages": "madvise",
    "clocksource": "tsc",
}
SPOILED = [
    ({"cores_usable": 1}, "only one core"),
    ({"cores_quota": 1.5}, "1.5 of 4 usable cores"),
    ({"can_pin": False}, "cannot be pinned"),
    ({"load_average": [0.51, 0.0, 0.0]}, "load average is 0.51"),
    ({"steal_fraction": 0.031}, "3.1%"),
    ({"governor": "powersave"}, "powersave"),
    ({"switch_interval_seconds": 0.0001}, "0.0001 s"),
    ({"debug_build": True}, "debug build"),
    ({"traced": True}, "coverage"),
    ({"transparent_hugepages": "never"}, "huge pages are off"),
    ({"native": {"isa": "baseline", "best_isa": "avx2"}}, "baseline instructions (GILSCOPE_ISA), not with avx2"),
    ({"clocksource": "acpi_pm"}, "acpi_pm"),
]


@pytest.mark.parametrize("machine", [CLEAN, {}, {**CLEAN, "cores_quota": 4.0}, {**CLEAN, "load_average": None}])
def test_a_quiet_machine_has_no_spoilers(machine):
    assert spoilers(machine) == []


@pytest.mark.parametrize(("facts", "said"), SPOILED, ids=[said for _, said in SPOILED])
def test_each_spoiler_is_one_sentence(facts, said):
    (sentence,) = spoilers({**CLEAN, **facts})
    assert said in sentence
    assert not re.search(r"[{}\n]", sentence)


def test_every_spoiler_is_tested():
    assert len(SPOILED) == len(SPOILERS)


def test_a_spoiler_asks_only_for_facts_that_are_recorded():
    assert CLEAN.keys() <= FACTS.keys()


def test_a_trace_function_is_noticed():
    before = sys.gettrace()
    sys.settrace(lambda *_: None)
    try:
        assert machine()["traced"]
    finally:
        sys.settrace(before)


def test_the_queue_for_a_core_is_the_second_number(made_up):
    made_up({"proc/thread-self/schedstat": "651432 17 2"})
    assert queued_ns() == 17


def test_a_system_that_does_not_tell_of_queues_is_no_error(made_up):
    made_up({"proc/stat": STAT})
    assert queued_ns() == 0
