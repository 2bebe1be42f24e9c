"""A child forked after OpenMP threads have run can use every other strategy."""

import os
import signal
import warnings

from gilscope.kernels import KERNELS

warnings.simplefilter("ignore", DeprecationWarning)  # fork, where threads are
INPUTS = {kernel.name: kernel.sample(1000) for kernel in KERNELS.values()}
for kernel in KERNELS.values():
    for call in kernel.calls():
        if call.strategy == "parallel":
            call(*INPUTS[kernel.name])
child = os.fork()
if child == 0:
    signal.alarm(30)
    for kernel in KERNELS.values():
        for call in kernel.calls():
            if call.strategy != "parallel":
                call(*INPUTS[kernel.name])
    os._exit(0)
_, status = os.waitpid(child, 0)
print("child", os.waitstatus_to_exitcode(status))
