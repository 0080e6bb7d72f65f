# SPDX-License-Identifier: GPL-2.0-or-later
"""Helpers of the tests of vga-assign: the tool on made-up machines, and TAP.

A test program has functions t_NAME(suite), or t_NAME(suite, machine, bdf) that
is run on each machine of machines.py, and ends with main(globals()).
"""
import json
import os
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
import threading

import jsonschema
import machines

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SOURCE = os.path.join(TOP, 'tools', 'vga-assign')
VFIO = '/sys/bus/pci/drivers/vfio-pci'
DEVICE = '/sys/bus/pci/devices/0000:01:00.0'
RNG = '/usr/share/libvirt/schemas/domain.rng'
# When libpci gives up, the tool leaks libpci's memory; see pci.c.
ENVIRONMENT = {'LC_ALL': 'C.UTF-8', 'PATH': os.environ['PATH'], 'COLUMNS': '80',
               'ASAN_OPTIONS': 'exitcode=99',
               'UBSAN_OPTIONS': 'halt_on_error=1:exitcode=99',
               'LSAN_OPTIONS': 'suppressions=%s:print_suppressions=0' %
                               os.path.join(HERE, 'lsan.supp')}
DOMAIN = """\
<domain type='kvm'>
  <name>guest</name>
  <uuid>9a6e4c6e-3c0d-4b7f-9f5e-0c1f6d0a7b11</uuid>
  <!-- not to be touched -->
  <memory unit='KiB'>4194304</memory>
  <vcpu placement='static'>2</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
  </os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <source file='/var/lib/libvirt/images/it&apos;s &amp; guest.img'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <graphics type='vnc' port='-1' autoport='yes'/>
    <video>
      <model type='qxl' ram='65536' vram='65536' vgamem='16384' heads='1'/>
    </video>
    <memballoon model='virtio'/>
  </devices>
</domain>
"""


class Failure(Exception):
    """A test failed."""


class Skip(Exception):
    """A test was not run, with the reason."""


class Suite:
    """The tool, and a directory with all machines."""
    def __init__(self, tool, tmp):
        self.tool, self.tmp = os.path.abspath(tool), tmp
        # In PATH the tool has its own name, so remedies do not have its path.
        os.makedirs(self.path('bin'))
        os.symlink(self.tool, self.path('bin/vga-assign'))
        ENVIRONMENT['PATH'] = self.path('bin') + ':' + os.environ['PATH']
        with open(os.path.join(SOURCE, 'schema.json'), encoding='utf-8') as f:
            self.schema = json.load(f)
        for name, (make, _) in machines.MACHINES.items():
            make(self.machine(name))

    def machine(self, name):
        """Return a machine's directory."""
        return os.path.join(self.tmp, 'machines', name)

    def path(self, name):
        """Return the path of a file for the test."""
        return os.path.join(self.tmp, name)

    def run(self, *words, root='ready', code=None, user=None, cwd=None):
        """Run the tool; code: the status that it must have."""
        words = list(words)
        if root and words[0] != 'rom':
            words += ['--sysfs-root', self.machine(root)]
        if '--sysfs-root' not in words and '--for' in words:
            words += ['--sysfs-root', self.machine(root)]
        done = subprocess.run([self.tool] + words, capture_output=True,
                              encoding='utf-8', env=ENVIRONMENT, check=False,
                              timeout=120, user=user, cwd=cwd)
        if done.returncode not in (0, 1, 2, 3, 4):
            raise Failure('%s ended with %d:\n%s' % (words, done.returncode,
                                                     done.stderr))
        if code is not None and done.returncode != code:
            raise Failure('%s: status %d, not %d\n%s%s' % (
                words, done.returncode, code, done.stdout, done.stderr))
        return done

    def says(self, text, *words, **more):
        """The tool must fail with this message."""
        done = self.run(*words, **more)
        same(text in done.stderr, True,
             '%s did not say "%s" but:\n%s%s' % (words, text, done.stdout,
                                                 done.stderr))
        same(done.stderr.count('error:') <= 1, True, 'one error: ' +
             done.stderr)
        return done

    def json(self, *words, **more):
        """Return the tool's JSON, which must follow the schema."""
        done = self.run(*words, '--json', **more)
        value = json.loads(done.stdout)
        same(jsonschema.problems(value, self.schema, self.schema), [], 'schema')
        return value


def same(got, want, what='got'):
    """Fail unless both are the same."""
    if got != want:
        raise Failure('%s: %r, not %r' % (what, got, want))


def write(path, data):
    """Write a file."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def read(path):
    """Return a file's bytes."""
    with open(path, 'rb') as f:
        return f.read()


def validate(path):
    """Validate with libvirt's own schema."""
    if not os.path.exists(RNG) or not shutil.which('xmllint'):
        raise Skip('no %s (Debian 12: libvirt0, 13: libvirt-common) or no '
                   'xmllint (libxml2-utils)' % RNG)
    done = subprocess.run(['xmllint', '--noout', '--relaxng', RNG, path],
                          capture_output=True, encoding='utf-8', check=False)
    same(done.returncode, 0, done.stderr)


def flash_adapter(suite, name, flash):
    """Make a copy of a machine whose adapter has a flash ROM behind BAR 0."""
    root = suite.path(name)
    shutil.copytree(suite.machine('single'), root, symlinks=True)
    place = root + '/sys/bus/pci/devices/0000:01:00.0/'
    bar = bytearray(0x400000)
    bar[0:4] = struct.pack('<I', 0x137000a1)            # GP107
    bar[0x88050:0x88054] = struct.pack('<I', 1)         # the window is closed
    bar[0x300000:0x300000 + len(flash)] = flash
    write(place + 'resource0', bytes(bar))
    config = bytearray(read(place + 'config'))
    config[4] &= ~2                                     # no memory decoding
    write(place + 'config', bytes(config))
    return ['--sysfs-root', root], place


def driver_of(root, bdf):
    """Return the device's driver, from sysfs."""
    return os.path.basename(os.readlink(
        root + '/sys/bus/pci/devices/%s/driver' % bdf))


class Kernel(threading.Thread):
    """Plays the kernel: a device written to drivers_probe gets a driver."""
    def __init__(self, root, host_driver):
        super().__init__(daemon=True)
        self.root, self.host_driver = root, host_driver
        self.probe = root + '/sys/bus/pci/drivers_probe'
        os.remove(self.probe)
        os.mkfifo(self.probe)
        self.start()

    def run(self):
        # It is open for both, so that it never ends between two writers.
        fd = os.open(self.probe, os.O_RDWR)
        rest = ''
        while True:
            *lines, rest = (rest + os.read(fd, 4096).decode()).split('\n')
            for bdf in lines:
                if bdf == 'end':
                    os.close(fd)
                    return
                self.bind(self.root + '/sys/bus/pci/devices/' + bdf)

    def bind(self, device):
        """Bind a device by its driver_override, or to the host's driver."""
        with open(device + '/driver_override', encoding='utf-8') as f:
            # A longer value was overwritten in place: the first line counts.
            driver = f.read().split('\n')[0] or self.host_driver
        if os.path.lexists(device + '/driver'):
            os.remove(device + '/driver')
        os.symlink(os.path.relpath(self.root + '/sys/bus/pci/drivers/' + driver,
                                   os.path.realpath(device)),
                   device + '/driver')

    def end(self):
        """End; there are no more writes."""
        with open(self.probe, 'w', encoding='utf-8') as f:
            f.write('end\n')
        self.join(30)


def changeable(suite, name, make=machines.fresh, kernel=True):
    """Make a machine to change, with vfio-pci loaded and a kernel played."""
    root = suite.path('machines/' + name)
    shutil.rmtree(root, ignore_errors=True)
    make(root)
    os.makedirs(root + VFIO, exist_ok=True)
    write(root + VFIO + '/unbind', '')
    return root, Kernel(root, 'nouveau') if kernel else None


def undo_file(root, bdf='0000:01:00.0', where='/run'):
    """Return the path where bind writes its undo file."""
    return '%s%s/vga-assign/%s.undo' % (root, where, bdf)


def files(root):
    """Return all files with their contents, and other names."""
    found = {}
    for path, folders, names in os.walk(root):
        for name in folders + names:
            full = os.path.join(path, name)
            mode = os.lstat(full).st_mode
            found[full] = (os.readlink(full) if stat.S_ISLNK(mode) else
                           read(full) if stat.S_ISREG(mode) else
                           stat.S_IFMT(mode))
    return found


def tests(names):
    """Yield each test's name and function, or one for each machine."""
    for name, function in list(names.items()):
        if not name.startswith('t_'):
            continue
        what = function.__doc__
        if function.__code__.co_argcount == 3:
            for machine, (make, bdf) in machines.MACHINES.items():
                yield ('%s: %s (%s)' % (machine, what, make.__doc__),
                       lambda s, f=function, m=machine, b=bdf: f(s, m, b))
        else:
            yield what, function


def main(names):
    """Run the tests among these names as TAP."""
    if len(sys.argv) < 2:
        sys.exit(names['__doc__'])
    todo, failed = list(tests(names)), 0
    print('1..%d' % len(todo), flush=True)
    with tempfile.TemporaryDirectory() as tmp:
        os.chmod(tmp, 0o755)
        suite = Suite(sys.argv[1], tmp)
        for number, (what, function) in enumerate(todo, 1):
            try:
                function(suite)
                print('ok %d - %s' % (number, what), flush=True)
            except Skip as e:
                print('ok %d - %s # SKIP %s' % (number, what, e), flush=True)
            except (Failure, OSError, ValueError, KeyError,
                    subprocess.SubprocessError) as e:
                failed += 1
                print('not ok %d - %s' % (number, what))
                print('# %s: %s' % (type(e).__name__,
                                    str(e).replace('\n', '\n# ')), flush=True)
    sys.exit(1 if failed else 0)
