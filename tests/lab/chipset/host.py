# SPDX-License-Identifier: GPL-2.0-or-later
"""Jobs that are done in one boot of the lab's host."""

import os
import subprocess

from bench import TOP, require
from vgalab import guest_code, paths

# The host runs this instead of a guest. The lines of a job are printed with
# its name in front.
BATCH = '''
. /lab/conf
mkdir -p /var/tmp
trap '' PIPE
leave() { sed "s/^/$1|/" "$2"; }
qemu() {
    timeout 120 qemu-system-x86_64 -L /firmware -nodefaults -no-user-config \\
        -display none -cpu host -debugcon file:/tmp/debug \\
        -global isa-debugcon.iobase=0x402 "$@"
}
# The firmware ends its QEMU; its debug port, the trace and stderr are left.
firmware() {
    name=$1; shift
    : > /tmp/debug; : > /tmp/trace
    qemu -device isa-debug-exit,iobase=0xf4,iosize=1 -D /tmp/trace "$@" \\
        < /dev/null > /tmp/said 2>&1
    leave "$name" /tmp/debug; leave "$name" /tmp/trace; leave "$name" /tmp/said
}
wait_for() {
    until grep -q "$1" /tmp/debug; do
        kill -0 $! 2> /dev/null || return 1
        usleep 50000
    done
}
pictures() {
    name=$1; shift
    : > /tmp/debug; rm -f /tmp/*.ppm /tmp/monitor; mkfifo /tmp/monitor
    qemu -monitor stdio "$@" < /tmp/monitor > /tmp/said 2>&1 &
    exec 4> /tmp/monitor
    wait_for "TEXT DRAWN" && echo "screendump /tmp/text.ppm" >&4 &&
        echo "sendkey ret" >&4 && wait_for "PICTURE DRAWN" &&
        echo "screendump /tmp/dots.ppm" >&4
    echo quit >&4
    exec 4>&-
    wait
    grep '^qemu' /tmp/said
    echo "$name|text $(sha256sum < /tmp/text.ppm)"
    echo "$name|dots $(sha256sum < /tmp/dots.ppm)"
}
'''


class HostBatch:
    """The jobs that the lab's host does in one boot."""

    def __init__(self, name, qemu):
        self.name = name
        self.qemu = qemu
        self.script = BATCH
        self.files = {}
        self.said = None

    def file(self, path):
        """Gives the host a file; returns its path there."""
        target = '/jobs/' + os.path.basename(path)
        self.files[target] = path
        return target

    def job(self, kind, name, arguments):
        """Adds a job, in whose arguments $ASSIGNED is the adapter's address."""
        words = ' '.join('"' + a + '"' for a in arguments)
        self.script += f'{kind} "{name}" {words}\n'

    def results(self):
        """Returns {job: lines}; the host runs when a result is first needed."""
        if self.said is None:
            self.said = {}
            self.run()
        return self.said

    def run(self):
        """Boots the host, which does all the jobs."""
        out = os.path.join(paths.BUILD, 'tests', 'lab', self.name)
        os.makedirs(out, exist_ok=True)
        script = os.path.join(out, 'jobs.sh')
        with open(script, 'w', encoding='utf-8') as file:
            file.write(self.script + 'echo 0 > /tmp/status\n')
        self.files['/lab/guest-command'] = script
        rom = guest_code.option_rom('self-writer')
        command = [os.path.join(TOP, 'lab', 'run'), '--out', out, '--qemu',
                   self.qemu, '--seconds', '900', '--adapter', 'VGA',
                   '--adapter', f'cirrus-vga,romfile={rom}']
        for target, source in self.files.items():
            command += ['--file', f'{source}:{target}']
        done = subprocess.run(command, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False)
        require(done.returncode == 0, f'lab/run ended with {done.returncode}: '
                f'{done.stderr.strip()}; see {out}')
        with open(os.path.join(out, 'qemu.log'), encoding='utf-8',
                  errors='replace') as file:
            for line in file:
                name, bar, text = line.rstrip('\n').partition('|')
                if bar:
                    self.said.setdefault(name, []).append(text)

    def lines(self, name):
        """Returns the lines that a job said."""
        return self.results().get(name, [])
